"""Fine-tuning: PPO improves the generated network of each body on that body alone.

:func:`finetune` scores bodies under a controller, trains all their networks side by side with
the same budget, and returns the best network of each with its scores before and after;
:func:`learn` leaves the scores out. A folder
holds the checkpoints; its manifest names the one fine-tuning that it belongs to.
"""

from hyperdistill_core.training.finetuning.finetune_settings import (
    FineTuneSettings,
    enough_simulations,
)
from hyperdistill_core.training.finetuning.finetuner import (
    FineTuner,
    FineTuneResult,
    LearnedNetworks,
    Report,
    finetune,
    learn,
)
from hyperdistill_core.training.finetuning.manifest import MANIFEST, ensure_manifest
from hyperdistill_core.training.finetuning.specialist_policies import (
    load_specialists,
    score_specialists,
    specialist_policy,
)

__all__ = [
    "MANIFEST",
    "FineTuneResult",
    "FineTuneSettings",
    "FineTuner",
    "LearnedNetworks",
    "Report",
    "enough_simulations",
    "ensure_manifest",
    "finetune",
    "learn",
    "load_specialists",
    "score_specialists",
    "specialist_policy",
]
