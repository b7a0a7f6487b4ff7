"""The exceptions that automl-skin raises on purpose.

::

    AutomlSkinError
    ├── InputError              what the user gave cannot be used (exit code 2)
    │   ├── TableError          the table: a file, a column, a row
    │   ├── ImageError          one image: missing, damaged, too large, outside its folder
    │   ├── ConfigError         study.toml, a flag, an unknown name
    │   ├── BackboneError       a network or its weights cannot be found or loaded
    │   └── StorageError        a folder that cannot be written, a full disk
    ├── IntegrityError          a file is not what its digest says (exit code 2)
    ├── LeakageError            continuing would break a promise about who saw which label (exit code 2)
    ├── SearchError             the search cannot continue: too many failures in a row
    └── TuningError             one network cannot be tuned so: it diverges, or does not fit the memory

Every message says what was expected, what was found and what to do.
"""


class AutomlSkinError(Exception):
    """Base of all errors that automl-skin raises on purpose."""


class InputError(AutomlSkinError):
    """What the user gave cannot be used as it is."""


class TableError(InputError):
    """A table, one of its columns or rows cannot be used."""


class ImageError(InputError):
    """One image is missing, damaged, too large or outside its folder."""


class ConfigError(InputError):
    """A setting is unknown, contradictory or out of range."""


class BackboneError(InputError):
    """A backbone or its weights cannot be found or loaded."""


class StorageError(InputError):
    """Something could not be written: no permission, or no space left."""


class IntegrityError(AutomlSkinError):
    """A file is not what its recorded digest says it is."""


class LeakageError(AutomlSkinError):
    """Continuing would let a model be scored on cases that it has seen."""


class SearchError(AutomlSkinError):
    """The search cannot continue."""


class TuningError(AutomlSkinError):
    """A network cannot be tuned as asked: it diverges, or does not fit the memory."""
