"""The distance to the reference: the right gradient, and none that drowns the others."""

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
        legal=none.long(), exact=torch.zeros(0, dtype=torch.bool), of_option=none, old_option=none,
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
