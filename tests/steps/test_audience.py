from contextlib import contextmanager

from automl_skin.steps.audience import Several


class Listener:
    def __init__(self, name, heard):
        self.name, self.heard = name, heard

    @property
    def report(self):
        return lambda what: lambda done, total: self.heard.append((self.name, what, done))

    def understood(self, study, understanding):
        self.heard.append((self.name, "understood"))

    def embedded(self, study, stage_one, material):
        self.heard.append((self.name, "embedded"))

    @contextmanager
    def observers(self, study, material, records):
        yield [f"{self.name}'s"]
        self.heard.append((self.name, "left"))

    def concluded(self, outcome):
        self.heard.append((self.name, "concluded"))


def test_everything_is_passed_on_and_the_first_reports():
    heard = []
    both = Several([Listener("first", heard), Listener("second", heard)])
    both.report("embedding")(3, 5)
    both.understood(None, None)
    both.embedded(None, None, None)
    with both.observers(None, None, []) as observers:
        assert observers == ["first's", "second's"]
    both.concluded(None)
    said = [("first", "embedding", 3)]
    for step in ("understood", "embedded"):
        said += [("first", step), ("second", step)]
    said += [("second", "left"), ("first", "left"), ("first", "concluded"), ("second", "concluded")]
    assert heard == said
