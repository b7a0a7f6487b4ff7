"""Opening a page in the user's browser, where there is one with a window."""

import os
import webbrowser


def open_page(address: str) -> bool:
    """Open a page, and return whether a browser took it; never an error, and never a browser in the terminal."""
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    # a plain GenericBrowser is lynx or the like, which would take the terminal; or what the user named
    if type(browser) is webbrowser.GenericBrowser and "BROWSER" not in os.environ:
        return False
    try:
        return browser.open(address)
    except (webbrowser.Error, OSError):
        return False
