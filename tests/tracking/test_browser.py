import webbrowser

import pytest

from automl_skin.tracking.browser import open_page


class Window(webbrowser.BaseBrowser):
    """A browser with a window."""

    opened = ()

    def open(self, url, new=0, autoraise=True):
        self.opened = (*self.opened, url)
        return True


class Broken(webbrowser.BaseBrowser):
    def open(self, url, new=0, autoraise=True):
        raise OSError("cannot be started")


def test_a_browser_with_a_window_opens_the_page(monkeypatch):
    window = Window()
    monkeypatch.setattr(webbrowser, "get", lambda: window)
    assert open_page("http://127.0.0.1:5000")
    assert window.opened == ("http://127.0.0.1:5000",)


@pytest.mark.parametrize("browser", [None, Broken(), webbrowser.GenericBrowser("lynx")])
def test_no_browser_is_no_error_and_none_takes_the_terminal(monkeypatch, browser):
    def get():
        if browser is None:
            raise webbrowser.Error("could not locate runnable browser")
        return browser

    monkeypatch.delenv("BROWSER", raising=False)
    monkeypatch.setattr(webbrowser, "get", get)
    assert not open_page("http://127.0.0.1:5000")


def test_the_browser_that_the_user_named_is_taken(monkeypatch):
    monkeypatch.setenv("BROWSER", "true")
    monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.GenericBrowser("true"))
    assert open_page("http://127.0.0.1:5000")
