"""The distance to the reference: the right gradient, and none that drowns the others. Mirror descent: its steps."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from training.loss import Answers, Scored, policy_loss


def loss_of(logprob: Tensor, reference: Tensor, weight: Tensor, kl_weight: float = 1.0) -> Tensor:
    """Of free text that teaches nothing, so that the distance alone is left."""
    count = len(logprob)
    zeros, none = torch.zeros(count), torch.zeros(0, 0)
    answers = Answers(
        at=torch.zeros(count, dtype=torch.long), token=torch.zeros(count, dtype=torch.long), free=count,
        legal=none.long(), exact=torch.zeros(0, dtype=torch.bool), of_option=none, old_option=none, held_option=none,
        old_logprob=logprob.detach(), reference=reference, advantage=zeros, target=zeros, weight=weight,
        temperature=torch.ones(count), turns=float(count),
    )  # fmt: skip
    return policy_loss(Scored(logprob, zeros, none, zeros[:, None]), answers, 0.2, kl_weight).total


def test_on_its_own_samples_the_gradient_is_that_of_the_divergence() -> None:
    torch.manual_seed(3)
    logits, other = torch.randn(7, requires_grad=True), torch.randn(7).log_softmax(-1)
    logprob = logits.log_softmax(-1)
    (exact,) = torch.autograd.grad((logprob.exp() * (logprob - other)).sum(), logits, retain_graph=True)
    (ours,) = torch.autograd.grad(loss_of(logprob, other, logprob.detach().exp()), logits)  # weighs as it samples
    torch.testing.assert_close(ours, exact)


@pytest.mark.parametrize("away", [-16.0, 16.0, 80.0])
def test_a_word_given_up_does_not_drown_the_others(away: float) -> None:
    """The exponential of the usual estimate makes e^16 of the first, and an infinity of the last."""
    logprob = torch.tensor([-1.0, -1.0], requires_grad=True)
    (gradient,) = torch.autograd.grad(loss_of(logprob, torch.tensor([-2.0, away - 1.0]), torch.ones(2)), logprob)
    assert gradient.tolist() == pytest.approx([1.0, -away])


def mirrored(logits: Tensor, old: Tensor, worth: Tensor, held: Tensor, kl_weight: float, step: float) -> Tensor:
    """The loss of one choice among all that ``logits`` has, but the last, which is padding."""
    none, options = torch.zeros(0), len(logits)
    legal = torch.tensor([[*range(options - 1), -1]])
    scored = Scored(
        logits[:1].log_softmax(-1), torch.zeros(1), logits.masked_fill(legal[0] < 0, -1e9).log_softmax(-1)[None], none
    )
    answers = Answers(
        at=torch.zeros(1, dtype=torch.long), token=torch.zeros(1, dtype=torch.long), free=0, legal=legal,
        exact=torch.tensor([True]), of_option=worth[None], old_option=old[None], held_option=held[None],
        old_logprob=torch.zeros(1), reference=torch.zeros(1), advantage=torch.zeros(1), target=torch.zeros(1),
        weight=torch.ones(1), temperature=torch.ones(1), turns=1.0,
    )  # fmt: skip
    return policy_loss(scored, answers, 0.2, kl_weight, step).total


OLD = torch.tensor([0.899, 0.1, 0.001, 0.0])
WORTH = torch.tensor([-0.2, 0.1, 0.5, 0.0])
HELD = torch.tensor([0.2, 0.3, 0.5, 1.0]).log()


def test_mirror_descent_ends_where_its_formula_says() -> None:
    """π' ∝ (π e^(η A) ρ^(η α))^(1 / (1 + η α))."""
    step, pull = 2.0, 0.3
    logits = torch.zeros(4, requires_grad=True)
    optimizer = torch.optim.LBFGS([logits], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = mirrored(logits, OLD, WORTH, HELD, pull, step)
        loss.backward()
        return loss

    optimizer.step(closure)
    power = (OLD * (step * WORTH).exp() * (step * pull * HELD).exp())[:3] ** (1 / (1 + step * pull))
    torch.testing.assert_close(logits.detach()[:3].softmax(-1), power / power.sum(), atol=1e-4, rtol=0)
    assert logits.grad is not None
    assert float(logits.grad[3]) == 0, "what is not legal is left alone"


def test_in_mirror_descent_an_option_comes_back_however_unlikely_it_is() -> None:
    """The first step is along the advantages; a policy gradient would have their product with the probabilities."""
    logits = torch.cat((OLD[:3].log(), torch.zeros(1))).requires_grad_()
    (gradient,) = torch.autograd.grad(mirrored(logits, OLD, WORTH, HELD, 0.0, 0.7), logits)
    torch.testing.assert_close(-3 * gradient[:3], WORTH[:3] - WORTH[:3].mean(), atol=1e-4, rtol=0)
