"""The page of storage."""

import re

from fakes.html_page import Page, assert_redirected
from fakes.small_site import Site

from appliance.community.accounts.permissions import Role
from server.pages.storage import StoragePagesController

ROUTES = [StoragePagesController]


def test_the_page_lists_the_parts_of_the_data_folder_with_their_sizes(site: Site) -> None:
    page = Page(site.browser(site.add_person("Anna", Role.ADMINISTRATOR)).open("/storage"))
    parts = dict(item.split(" ", 1) for item in page.items("rows"))

    assert {"library.db", "appliance.db", "graph"} <= parts.keys()
    assert all(re.fullmatch(r"\d+(\.\d [GMK]iB| bytes)", size) for size in parts.values())


def test_the_page_names_the_folder_and_the_free_space(site: Site) -> None:
    text = Page(site.browser(site.add_person("Anna", Role.ADMINISTRATOR)).open("/storage")).text

    assert f"is free on the disk of {site.appliance.folder.home}." in text
    assert re.search(r"[\d.]+ [GMK]iB of [\d.]+ [GMK]iB is free", text)


def test_only_administrators_see_the_page(site: Site) -> None:
    leader = site.browser(site.add_person("Lea", Role.LEADER))

    assert "The role leader does not allow this." in Page(leader.open("/storage"), 403).text
    assert_redirected(site.guest.open("/storage"), "/sign-in?next_page=/storage")
