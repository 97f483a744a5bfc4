"""Settings that can change while the site runs."""

from appliance.community.site_settings import delete_site_setting, read_site_setting, set_site_setting
from server.bootstrap import Appliance


def test_a_setting_stays_until_it_is_changed_or_deleted(appliance: Appliance) -> None:
    database = appliance.appliance_db
    assert read_site_setting(database.reader, "colour") is None
    assert "red" == read_site_setting(database.reader, "colour", default="red")
    for value in ({"blue": [1, 2]}, False):
        with database.write() as work:
            set_site_setting(work, "colour", value)
            assert value == read_site_setting(work, "colour", default="red")
        assert value == read_site_setting(database.reader, "colour", default="red")
    with database.write() as work:
        delete_site_setting(work, "colour")

    assert "red" == read_site_setting(database.reader, "colour", default="red")
