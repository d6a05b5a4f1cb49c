"""Orders of growth of whole models: every certificate is verified by code of its own."""

import random

import pytest
from tests.sym.verifier import check

from orderof import analyze
from orderof.frontends.zoo import ZOO

RNG = random.Random(7)


def certificates(result):
    """Certificates of contractions and of all operations of a step: in each letter, and in all."""
    for f in (result.forward.macs, result.step.ops):
        yield f.order()
        for letter in result.dims:
            yield f.order(letter)


@pytest.mark.parametrize("name", sorted(ZOO))
def test_orders_of_the_zoo(name):
    result = analyze(f"zoo:{name}", train="adamw")
    seen = set()
    for found in certificates(result):
        if found.certificate not in seen:
            seen.add(found.certificate)
            check(found.certificate, RNG)
            assert found.tight, str(found)


def test_an_image_network_grows_with_its_plane():
    result = analyze("zoo:resnet50")
    assert str(result.forward.macs.order("H", "W")) == "Theta(H*W)"
    assert str(result.forward.macs.order("B")) == "Theta(B)"


def test_a_transformer_grows_with_the_square_of_the_sequence():
    result = analyze("zoo:gpt2", train="adamw")
    assert str(result.forward.macs.order("S")) == "Theta(S**2)"
    assert str(result.forward.macs.order()) == "Theta(B*L*S**2*d + B*L*S*d**2 + B*S*V*d)"
    assert str(result.optimizer.ops.order("S")) == "Theta(1)"
