"""What gives entries: a config function, a dict or a class of fields. One interface for all three."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from expkit.config.origin import Origin
    from expkit.config.summary import ConfigSummary
    from expkit.config.typed.table import Table


class ConfigSource(Protocol):
    """What an ingredient can have as a config: ``ConfigScope``, ``ConfigDict`` or ``ConfigClass``."""

    @property
    def name(self) -> str:
        """What the config is called in messages."""

    @property
    def doc(self) -> str | None:
        """What is said about it."""

    @property
    def origin(self) -> Origin:
        """Where it became a config."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the entries and ingredients that it wants to be given; only functions have some."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the entries and ingredients whose values it uses, its own entries included."""

    def declare(self, table: Table) -> None:
        """Declare the types of its entries, as far as they are known before it is called.

        Args:
            table: of the ingredient.
        """

    def __call__(
        self,
        fixed: Mapping[Any, Any] | None = None,
        preset: Mapping[Any, Any] | None = None,
        fallback: Mapping[str, Any] | None = None,
        table: Table | None = None,
    ) -> ConfigSummary:
        """Its entries, with fixed values winning and missing ones filled in from the preset.

        Args:
            fixed: nested values of updates.
            preset: what earlier configs of this ingredient gave.
            fallback: further values for parameters.
            table: what is declared about the ingredient's entries; by default what this config declares.
        """
