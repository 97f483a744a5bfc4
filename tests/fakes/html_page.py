"""What a person sees on a page, and what the forms of the page send."""

from httpx import Response
from lxml.html import HtmlElement, document_fromstring


class Page:
    """The main part of a page, without the header and the footer of the site."""

    def __init__(self, response: Response, status: int = 200) -> None:
        """Read a page from a response. The response must have the given status."""
        assert status == response.status_code, response.text
        assert "text/html" in response.headers["content-type"]
        document = document_fromstring(response.text)
        main = document.find(".//main")
        assert main is not None
        self._document, self._main = document, main

    @property
    def text(self) -> str:
        """The text of the page in one line, including the text in closed `details` elements."""
        return words_of(self._main)

    @property
    def title(self) -> str:
        return words_of(self._main.findall(".//h1")[0])

    @property
    def problem(self) -> str:
        """The error message of a form, or an empty string if the form has no error."""
        return " ".join(words_of(element) for element in self._main.findall(".//p[@class='wrong']"))

    @property
    def links(self) -> dict[str, str]:
        """The address of each link, by the text of the link. If several links have the same text, the first link counts."""
        links = self._main.findall(".//a")
        return {words_of(link): str(link.get("href")) for link in reversed(links)}

    @property
    def forms(self) -> set[str]:
        """The addresses that forms are sent to."""
        return {str(form.get("action")) for form in self._main.findall(".//form")}

    @property
    def sections(self) -> list[str]:
        """The headings of the second level (`h2`)."""
        return [words_of(heading) for heading in self._main.findall(".//h2")]

    @property
    def menu(self) -> set[str]:
        """The addresses in the header of the site."""
        return {str(link.get("href")) for link in self._document.findall(".//header//a")}

    def items(self, css_class: str) -> list[str]:
        """The texts of the items in the list that has this CSS class."""
        return [words_of(item) for item in self._main.findall(f".//*[@class='{css_class}']/li")]

    def values(self, name: str) -> list[str]:
        """The values of the input fields that have this name."""
        return [str(field.get("value", "")) for field in self._main.findall(f".//input[@name='{name}']")]

    def is_checked(self, name: str) -> bool:
        """Whether the checkbox that has this name is checked."""
        (box,) = self._main.findall(f".//input[@name='{name}']")
        return box.get("checked") is not None

    def checked(self, action: str) -> bool:
        """Whether the checkbox is checked in the form that is sent to this address."""
        (form,) = self._main.findall(f".//form[@action='{action}']")
        return bool(form.findall(".//input[@checked]"))

    def selected(self, name: str) -> list[str]:
        """The value of the selected option in each selection list that has this name."""
        options = self._main.findall(f".//select[@name='{name}']/option[@selected]")
        return [str(option.get("value")) for option in options]


def words_of(element: HtmlElement) -> str:
    """The text of an element with single spaces."""
    return " ".join(str(element.text_content()).split())


def assert_redirected(response: Response, target: str) -> None:
    """Check that the response redirects a browser to another page, which the browser requests by GET."""
    assert (303, target) == (response.status_code, response.headers.get("location")), response.text
