"""A pretended accelerator on a machine without one: CPU tensors that carry a tag and refuse to be mixed.

Tensors stay ordinary CPU tensors (real numbers, real autograd), but every storage has a tag: ``cpu`` or ``cuda:N``. Two
modes keep the tags: a `TorchFunctionMode` that answers what Python asks (``.device``, ``device=...``, ``.to``,
``.cpu``, ``.numpy``) and a `TorchDispatchMode` below autograd that checks every operator, also those of the backward
pass and of optimisers. What CUDA refuses is refused here:

- an operator on tensors of two devices (0-dimensional CPU tensors are allowed in pointwise operators, CPU indices in
  ``index`` and ``index_put``, anything in ``copy_``), ``.numpy()`` of a device tensor, a CPU generator for numbers of a
  device;
- with ``kind="mps"``: float64 on the device;
- with ``limit_bytes``: more live device bytes than that raise `torch.OutOfMemoryError`.

What costs is counted in ``Fake.syncs``: points at which the host waits for the device (blocking copies in either
direction, ``.item()``, ``nonzero`` and boolean masks on the device), and in ``Fake.kernels``: operators launched on the
device.

    with pretend("cuda", n_devices=2) as fake:
        tune(..., device=torch.device("cuda"))
    print(fake.kernels, fake.syncs)

What this cannot find: numbers that differ on a GPU, operators that the device lacks, real memory, races, speed.
"""

import contextlib
import sys
import weakref
from collections import Counter
from concurrent.futures import thread as _thread
from unittest import mock

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

CPU = torch.device("cpu")
aten = torch.ops.aten
_SYNCING = {
    aten.nonzero.default,
    aten._local_scalar_dense.default,
    aten.equal.default,
    aten.masked_select.default,
    aten.is_nonzero.default,
    aten._unique2.default,
    aten.unique_dim.default,
    aten.unique_consecutive.default,
}
_INDEXING = {
    aten.index.Tensor,
    aten.index_put.default,
    aten.index_put_.default,
    aten._index_put_impl_.default,
}
_COPYING = {aten.copy_.default, aten._to_copy.default}
_NO_FLOAT64 = "Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64"


def tag_of(tensor):
    return getattr(tensor.untyped_storage(), "_pretended", CPU)


def _where():
    """The innermost line of automl_skin, and of the library that it called."""
    frame, library = sys._getframe(2), ""
    while frame is not None:
        name = frame.f_code.co_filename
        if "automl_skin" in name:
            return f"{name.split('automl_skin/')[-1]}:{frame.f_lineno}{library}"
        if not library and any(each in name for each in ("/kornia/", "/timm/", "/torchvision/")):
            library = f" ({name.split('site-packages/')[-1]}:{frame.f_lineno})"
        frame = frame.f_back
    return library or "?"


class Fake:
    def __init__(self, kind="cuda", n_devices=1, limit_bytes=None):
        self.kind, self.n_devices, self.limit_bytes = kind, n_devices, limit_bytes
        self.kernels, self.syncs, self.mixed = Counter(), Counter(), Counter()
        self.small_copies = Counter()
        self.live = self.peak = self.current = 0
        self.ambient = []
        self.strict = True

    def device(self, index=0):
        return torch.device(self.kind, index)

    def is_fake(self, device):
        return device is not None and torch.device(device).type == self.kind

    def canonical(self, device):
        device = torch.device(device)
        if device.type != self.kind:
            return device
        if (device.index or 0) >= self.n_devices:
            raise RuntimeError("CUDA error: invalid device ordinal")
        return torch.device(self.kind, device.index or 0)

    def sync(self, why):
        self.syncs[f"{why} @ {_where()}"] += 1

    def put(self, tensor, device):
        """Tag a fresh tensor's storage."""
        storage = tensor.untyped_storage()
        if device.type == "cpu":
            if hasattr(storage, "_pretended"):
                storage._pretended = CPU
            return tensor
        if self.kind == "mps" and tensor.dtype == torch.float64:
            raise TypeError(_NO_FLOAT64)
        if not hasattr(storage, "_pretended") or storage._pretended == CPU:
            n = storage.nbytes()
            if self.limit_bytes is not None and self.live + n > self.limit_bytes:
                raise torch.OutOfMemoryError(
                    f"CUDA out of memory. Tried to allocate {n} bytes. (pretended; {self.live} in use)\nmore lines"
                )
            self.live += n
            self.peak = max(self.peak, self.live)
            weakref.finalize(storage, self._freed, n)
        storage._pretended = device
        return tensor

    def _freed(self, n):
        self.live -= n


class _Below(TorchDispatchMode):
    """Checks operators, below autograd."""

    def __init__(self, fake):
        super().__init__()
        self.fake = fake

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        flat, _ = tree_flatten((args, kwargs))
        tensors = [each for each in flat if isinstance(each, torch.Tensor)]
        tags = [tag_of(each) for each in tensors]
        fakes = {tag for tag in tags if tag != CPU}
        if not fakes:
            result = func(*args, **kwargs)
            if not tensors and self.fake.ambient and isinstance(result, torch.Tensor):
                self.fake.put(result, self.fake.ambient[-1])  # made inside an operator on the device
            return result
        self._check(func, args, tensors, tags, fakes, kwargs)
        device = next(iter(fakes))
        before = {each.untyped_storage()._cdata for each in tensors}
        result = func(*args, **kwargs)
        fake = self.fake
        if func is not aten._local_scalar_dense.default:
            fake.kernels[str(func)] += 1
        if func in _SYNCING:
            fake.sync(str(func))
        if func in _INDEXING and any(
            t.dtype in (torch.bool, torch.uint8) and tag != CPU
            for t, tag in zip(tensors[1:], tags[1:], strict=True)
            if t.dtype == torch.bool
        ):
            fake.sync("boolean mask on the device")
        if func in _INDEXING and any(tag == CPU for tag in tags[1:]):
            fake.sync("CPU index copied to the device")
        if func is aten.copy_.default:
            return result
        for each in tree_flatten(result)[0]:
            if isinstance(each, torch.Tensor) and each.untyped_storage()._cdata not in before:
                fake.put(each, device)
        return result

    def _check(self, func, args, tensors, tags, fakes, kwargs):  # noqa: C901 - one rule a branch
        if func is aten.copy_.default:
            target, source = tags[0], tags[1]
            if target != source and not (len(args) > 2 and args[2]) and not kwargs.get("non_blocking"):
                self.fake.sync(f"copy_ {source.type}->{target.type}")
            return
        if func in _COPYING:
            return
        generator = kwargs.get("generator")
        if generator is not None and generator.device.type == "cpu":
            self._refuse(func, f"Expected a '{self.fake.kind}' device type for generator but found 'cpu'")
        if len(fakes) > 1:
            self._refuse(func, f"two devices: {sorted(map(str, fakes))}")
        name = func.name().split("::")[-1]
        pointwise = torch.Tag.pointwise in func.tags
        for position, (tensor, tag) in enumerate(zip(tensors, tags, strict=True)):
            if tag != CPU:
                continue
            if func in _INDEXING and position > 0 and tensor.dtype in (torch.bool, torch.int64, torch.uint8):
                continue
            if func in _INDEXING and position > 0 and tensor.ndim == 0:
                continue
            if tensor.ndim == 0 and (
                pointwise or name.startswith(("_foreach", "_fused", "fill", "where", "masked_fill"))
            ):
                continue
            self._refuse(func, f"cpu {tuple(tensor.shape)} {tensor.dtype} beside {next(iter(fakes))}")

    def _refuse(self, func, what):
        text = f"Expected all tensors to be on the same device: {func}: {what} @ {_where()}"
        self.fake.mixed[text] += 1
        if self.fake.strict:
            raise RuntimeError(text)


_TO = {torch.Tensor.to}
_GETTERS = {
    torch.Tensor.device.__get__: "device",
    torch.Tensor.is_cuda.__get__: "is_cuda",
    torch.Tensor.is_cpu.__get__: "is_cpu",
    torch.Tensor.is_mps.__get__: "is_mps",
}
_ASKS = {
    torch.Tensor.item,
    torch.Tensor.tolist,
    torch.Tensor.__bool__,
    torch.Tensor.__float__,
    torch.Tensor.__int__,
    torch.Tensor.__index__,
}


class _Above(TorchFunctionMode):
    """Answers what Python asks."""

    def __init__(self, fake):
        super().__init__()
        self.fake = fake

    def __torch_function__(self, func, types, args=(), kwargs=None):  # noqa: C901, PLR0911 - one question a branch
        kwargs = dict(kwargs or {})
        fake = self.fake
        if func in _GETTERS:
            return self._get(_GETTERS[func], args[0])
        if func in _TO:
            return self._to(*args, **kwargs)
        if func is torch.Tensor.cpu:
            return self._to(args[0], CPU)
        if func is torch.Tensor.cuda:
            return self._to(args[0], args[1] if len(args) > 1 else kwargs.get("device") or fake.device())
        if func is torch.Tensor.get_device:
            tag = tag_of(args[0])
            return -1 if tag == CPU else tag.index
        if func in (torch.Tensor.numpy, torch.Tensor.__array__) and tag_of(args[0]) != CPU:
            raise TypeError(
                f"can't convert {tag_of(args[0])} device type tensor to numpy. Use Tensor.cpu() @ {_where()}"
            )
        if func is torch.Tensor.tolist and tag_of(args[0]) != CPU:
            fake.sync("tolist")
            return func(self._to(args[0], CPU, count=False))
        if func is torch.Tensor.pin_memory:
            return args[0].clone()
        if func is torch.Tensor.__deepcopy__:
            result = func(*args, **kwargs)
            return fake.put(result, tag_of(args[0]))
        if func is torch.Tensor.double and fake.kind == "mps" and tag_of(args[0]) != CPU:
            raise TypeError(f"{_NO_FLOAT64} @ {_where()}")
        wanted = kwargs.get("device")
        if wanted is not None and not isinstance(wanted, int):
            return self._made(func, args, kwargs, torch.device(wanted))
        return self._within(func, args, kwargs)

    def _within(self, func, args, kwargs):
        """Call, remembering on which device what the operator makes by itself belongs."""
        flat, _ = tree_flatten((args, kwargs))
        tags = {tag_of(each) for each in flat if isinstance(each, torch.Tensor)} - {CPU}
        if len(tags) != 1:
            return func(*args, **kwargs)
        self.fake.ambient.append(next(iter(tags)))
        try:
            return func(*args, **kwargs)
        finally:
            self.fake.ambient.pop()

    def _get(self, name, tensor):
        tag = tag_of(tensor)
        if tag == CPU:  # meta and the like
            return {
                "device": torch._C.TensorBase.device.__get__(tensor),
                "is_cuda": False,
                "is_cpu": torch._C.TensorBase.is_cpu.__get__(tensor),
                "is_mps": False,
            }[name]
        return {"device": tag, "is_cuda": tag.type == "cuda", "is_cpu": False, "is_mps": tag.type == "mps"}[
            name
        ]

    def _made(self, func, args, kwargs, wanted):
        """A factory that was told a device."""
        fake = self.fake
        if wanted.type == "meta":
            return func(*args, **kwargs)
        generator = kwargs.get("generator")
        if fake.is_fake(wanted):
            wanted = fake.canonical(wanted)
            kwargs["device"] = CPU
            if generator is not None and generator.device.type == "cpu":
                raise RuntimeError(
                    f"Expected a '{fake.kind}' device type for generator but found 'cpu' @ {_where()}"
                )
            if func in (torch.tensor, torch.as_tensor, torch.asarray):
                sources = [each for each in tree_flatten(args)[0] if isinstance(each, torch.Tensor)]
                if sources and all(tag_of(each) == wanted for each in sources) and func is not torch.tensor:
                    return func(*args, **kwargs)
                fake.sync(f"{func.__name__} of host values to the device")
        elif (
            wanted.type == "cpu"
            and func in (torch.tensor, torch.as_tensor, torch.asarray)
            and any(isinstance(e, torch.Tensor) and tag_of(e) != CPU for e in tree_flatten(args)[0])
        ):
            fake.sync("as_tensor device->cpu")
        result = func(*args, **kwargs)
        inputs = {
            each.untyped_storage()._cdata
            for each in tree_flatten((args, kwargs))[0]
            if isinstance(each, torch.Tensor)
        }

        def tag(each):
            if not isinstance(each, torch.Tensor):
                return each
            if each.untyped_storage()._cdata in inputs:
                each = each.clone()
            return fake.put(each, wanted)

        return tree_map(tag, result)

    def _to(self, tensor, *args, count=True, **kwargs):  # noqa: C901 - as many ways to ask
        fake = self.fake
        if (args and isinstance(args[0], torch.Tensor)) or "other" in kwargs:
            other = kwargs.pop("other", None) if "other" in kwargs else args[0]
            args = args[1:] if "other" not in kwargs and args and args[0] is other else args
            kwargs.setdefault("dtype", other.dtype)
            device = tag_of(other)
        else:
            parsed = torch._C._nn._parse_to(*args, **{k: v for k, v in kwargs.items() if k != "copy"})
            device, dtype, non_blocking, memory_format = parsed
            kwargs = {"copy": kwargs.get("copy", False)}
            if dtype is not None:
                kwargs["dtype"] = dtype
            if memory_format is not None:
                kwargs["memory_format"] = memory_format
            kwargs["non_blocking"] = non_blocking
            args = ()
        tag = tag_of(tensor)
        if device is not None and torch.device(device).type == "meta":
            return tensor.to(device)
        target = tag if device is None else fake.canonical(device)
        blocking = not kwargs.pop("non_blocking", False)
        if fake.kind == "mps" and target != CPU and kwargs.get("dtype", tensor.dtype) == torch.float64:
            raise TypeError(f"{_NO_FLOAT64} @ {_where()}")
        if target == tag:
            return torch._C.TensorBase.to(tensor, **kwargs) if kwargs else tensor
        if count and blocking:
            fake.sync(f"blocking copy {tag.type}->{target.type}")
        elif count:
            fake.small_copies[f"{tag.type}->{target.type}"] += 1
        kwargs["copy"] = False
        dtype, memory_format = kwargs.get("dtype"), kwargs.get("memory_format", torch.preserve_format)
        # a clone through autograd, whose result belongs to the other device
        result = torch.clone(tensor, memory_format=memory_format)
        if dtype is not None and dtype != result.dtype:
            result = torch._C.TensorBase.to(result, dtype)
        storage = result.untyped_storage()
        if target == CPU:
            if hasattr(storage, "_pretended"):
                storage._pretended = CPU
            return result
        return fake.put(result, target)


@contextlib.contextmanager
def _current(fake, index):
    before, fake.current = fake.current, torch.device(index).index or 0
    yield
    fake.current = before


@contextlib.contextmanager
def pretend(kind="cuda", n_devices=1, limit_bytes=None, bfloat16=True):
    """Pretend that this machine has devices; yields the `Fake` that counts.

    `bfloat16` says whether the devices have it: all alike, or each (a tuple).
    """
    fake = Fake(kind, n_devices, limit_bytes)
    real_autocast = torch.autocast
    generators = {index: torch.Generator().manual_seed(index) for index in range(n_devices)}

    class autocast(real_autocast):  # noqa: N801
        def __init__(self, device_type, *args, **kwargs):
            super().__init__("cpu" if device_type == kind else device_type, *args, **kwargs)

    real_generator = torch.Generator

    class Generator(real_generator):
        """A generator that says it is on the device."""

        def __new__(cls, device="cpu"):
            made = real_generator.__new__(cls)
            made.pretended = torch.device(device)
            return made

        @property
        def device(self):
            return self.pretended

    real_run = _thread._WorkItem.run

    def run(self, *args, **kwargs):
        with _Above(fake), _Below(fake):
            return real_run(self, *args, **kwargs)

    patches = [
        mock.patch.object(torch, "autocast", autocast),
        mock.patch.object(torch, "Generator", Generator),
        mock.patch.object(_thread._WorkItem, "run", run),
    ]
    if kind == "cuda":
        patches += [
            mock.patch.object(torch.cuda, name, value)
            for name, value in {
                "is_available": lambda: True,
                "device_count": lambda: n_devices,
                "current_device": lambda: 0,
                "is_bf16_supported": lambda **_: (
                    bfloat16[fake.current] if isinstance(bfloat16, tuple) else bfloat16
                ),
                "device": lambda index: _current(fake, index),
                "empty_cache": lambda: None,
                "synchronize": lambda *a: fake.sync("synchronize"),
                "manual_seed_all": lambda seed: None,
                "manual_seed": lambda seed: None,
                "_is_in_bad_fork": lambda: False,
                "get_rng_state": lambda device="cuda": generators[
                    torch.device(device).index or 0
                ].get_state(),
                "set_rng_state": lambda state, device="cuda": generators[
                    torch.device(device).index or 0
                ].set_state(state),
                "is_current_stream_capturing": lambda: False,
                "is_initialized": lambda: True,
                "_lazy_init": lambda: None,
            }.items()
        ]
    for name in ("_accelerator_graph_capture_health_check", "_cuda_graph_capture_health_check"):
        if hasattr(torch.optim.Optimizer, name):
            patches.append(mock.patch.object(torch.optim.Optimizer, name))
    if kind == "mps":
        patches += [mock.patch.object(torch.backends.mps, "is_available", return_value=True)]
    with contextlib.ExitStack() as stack:
        for patch in patches:
            stack.enter_context(patch)
        stack.enter_context(_Above(fake))
        stack.enter_context(_Below(fake))
        yield fake
