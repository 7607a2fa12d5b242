"""What differs between the two generations of the SDK: up to 0.0.29 it blocks, from 0.0.30 on it is built on asyncio."""

import functools
import inspect
from typing import Any, Callable, Type, TypeVar

import mesh
from mesh import Mesh

T = TypeVar("T")

ASYNC = inspect.iscoroutinefunction(mesh.start)


def native(cls: Type[T]) -> Type[T]:
    """Gives a facade or a provider the kind of methods that this SDK calls: plain ones, or coroutines."""
    if not ASYNC:
        return cls
    for name, method in inspect.getmembers(cls, inspect.isfunction):
        if not name.startswith("_") and not inspect.iscoroutinefunction(method):
            setattr(cls, name, _coroutine(method))
    return cls


def _coroutine(method: Any) -> Any:
    @functools.wraps(method)
    async def call(*args: Any) -> Any:
        return await settled(method(*args))

    return call


async def settled(value: Any) -> Any:
    """The result of a call, whether the SDK answers with it or with an awaitable."""
    return await value if inspect.isawaitable(value) else value


def in_trace(trace_id: str, call: Callable[[], Any]) -> Any:
    """Makes a call within a trace, as code does that serves a request."""

    def enter() -> None:
        Mesh.context().trace_id = trace_id

    async def within() -> Any:
        enter()
        return await settled(call())

    return Mesh.context_safe(within() if ASYNC else lambda: (enter(), call())[1])
