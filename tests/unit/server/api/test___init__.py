"""The API as a whole: it serves the controllers of all its modules."""

import importlib
import pkgutil

from litestar import Controller
from litestar.routes import HTTPRoute

import server.api


def controllers() -> set[type[Controller]]:
    """The controllers that the modules of the API define."""
    modules = [
        importlib.import_module(f"{server.api.__name__}.{module.name}")
        for module in pkgutil.iter_modules(server.api.__path__)
    ]
    return {
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Controller) and value.__module__ == module.__name__
    }


def test_every_controller_is_served_under_the_path_of_the_api() -> None:
    routes = server.api.router.routes
    served = {
        handler.fn.__qualname__.partition(".")[0]
        for route in routes
        for handler in (route.route_handlers if isinstance(route, HTTPRoute) else [route.route_handler])
    }

    assert set() == {controller.__name__ for controller in controllers()} - served
    assert all(route.path.startswith("/api/v1/") for route in routes)
