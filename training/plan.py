"""What a learner is asked to do: the settings that ``arena train`` has options for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LearnPlan:
    """``minibatch`` counts matches; each update makes ``passes`` over all of them.

    ``critic`` is ``central`` or ``seat``; ``counterfactual`` gives decisive choices exact credit under the central one.
    ``all_options`` lets each of them teach for every option, not only for the one that was drawn.
    ``mirror`` is the step of mirror descent that such choices take instead of a policy gradient, in the unit of the
    advantages; 0 for the gradient.
    ``by_kind`` scales the advantages of each kind of turn by their own deviation, not all by one.
    ``in_wins`` leaves advantages in wins, where ``kl_weight`` is then too.
    ``talk`` is how much the credit of words counts beside that of choices.
    ``grammar`` is what a garbled message costs, in wins; 0 for policies that speak more than the scripts' language.
    ``early_out`` is the share of a win that a seat loses with each phase that it was out of the match.
    ``imitate`` is how much a mean turn of people counts beside a mean turn of the policy, see ``training.imitation``.
    ``listening`` is how much the mean −log p of what is hidden, where seats are asked about it, counts beside the
    policy's loss, see ``training.listening``.
    ``polls`` judges words by straw polls, see ``training.polls``; ``afterwards`` is the share of what others made of a
    message that counts beside what it changed itself.
    ``magnet_every``: after so many updates, again and again, the reference becomes the policy as it is then. Held near
    a reference that follows it, self-play in a game of two with hidden cards comes to rest near an equilibrium instead
    of circling around it (magnetic mirror descent, Sokota et al. 2023, https://arxiv.org/abs/2206.05825). 0: never.
    ``keep`` is about the share of decisions that an update learns from, see ``training.thinning``; 1 takes all.
    ``muon`` is the learning rate of the layers' matrices under Muon (``training.optimisers``); ``lr`` is then that of
    embeddings and norms alone. 0 leaves everything to AdamW.
    ``final_lr`` is the share of the learning rates that is left at the end of a run; they fall evenly. What one update
    teaches is mostly noise: smaller steps at the end average it out, where equal ones go on carrying it along.
    ``bf16`` computes in bf16 with fp32 weights: twice as fast where the processor has the instructions.
    ``lora`` is the rank of the adapter that learns in place of the full weights; 0 for those.
    """

    lr: float = 5e-4
    muon: float = 0.0
    final_lr: float = 1.0
    critic_lr: float = 1e-3
    passes: int = 2
    minibatch: int = 64
    clip: float = 0.2
    kl_weight: float = 0.02
    magnet_every: int = 0
    max_grad_norm: float = 1.0
    estimator: str = "hierarchical"
    critic: str = "central"
    counterfactual: bool = True
    all_options: bool = False
    mirror: float = 0.0
    by_kind: bool = False
    in_wins: bool = False
    talk: float = 1.0
    grammar: float = 0.0
    early_out: float = 0.0
    imitate: float = 0.0
    listening: float = 0.0
    polls: bool = False
    afterwards: float = 0.5
    keep: float = 1.0
    bf16: bool = False
    lora: int = 0
    seed: int = 0
