"""The config of a planned run as JSON Schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.config.paths import join
from expkit.config.typed.schema import Outline, config_schema

if TYPE_CHECKING:
    from expkit.run.plan import RunPlan


def schema_of(plan: RunPlan) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a run's config, as its definitions and updates make it.

    Defaults are what the run would use. The root seed has none, unless somebody set it.
    """
    resolution = plan.resolution
    config = {key: value for key, value in plan.live.config.items() if key != "seed" or key in resolution.layers}
    outline = Outline(
        config,
        resolution.declared,
        resolution.summary.docs,
        missing=[join(entry.path) for entry in resolution.missing],
        asked=resolution.parameters,
        open=resolution.summary.open,
        ingredients=[path for path in plan.paths.values() if path],
        classes=resolution.classes,
        hide=plan.live.secrets.hide,
    )
    return config_schema(outline, plan.live.secrets.hide(plan.root.path), plan.root.doc or "")
