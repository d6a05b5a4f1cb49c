"""Cases of optimizers: the second step of torch.optim on one tensor, its state given."""

from hypothesis import strategies as st
from oracle.case import SEEDS, Case, letters, operand

UPDATES = st.fixed_dictionaries(
    {
        "lr": st.just(0.1),
        "momentum": st.sampled_from((0.0, 0.9)),
        "weight_decay": st.sampled_from((0.0, 0.2)),
        "dampening": st.sampled_from((0.0, 0.3)),
        "nesterov": st.booleans(),
    }
)


@st.composite
def sgd(draw):
    """Draw settings; the state that torch gets is that after a first step."""
    attrs = draw(UPDATES)
    if not attrs["momentum"] or attrs["dampening"]:
        attrs["nesterov"] = False

    def reference(t, p, g, *state):
        found = {"momentum_buffer": state[0].clone()} if state else {}
        return stepped(t, t.optim.SGD, attrs, p, g, found)

    operands = (operand("n m"),) * (3 if attrs["momentum"] else 2)
    return Case(operands, draw(letters("n m")), attrs, reference, draw(SEEDS), ())


def stepped(t, optimizer, settings, p, g, state, **numbers):
    """Give the parameter after a step, and what of the state was given."""
    p = t.nn.Parameter(p.clone())
    p.grad = g.clone()
    made = optimizer([p], foreach=False, **settings)
    made.state[p] = {k: v.clone() for k, v in state.items()}
    made.state[p] |= {k: t.tensor(float(n)) for k, n in numbers.items()}
    made.step()
    return p.detach(), *(made.state[p][k] for k in state)


@st.composite
def rule(draw, name, states, attrs, decay=(0.0, 0.2), steps=(2,), numbers=None):
    """An optimizer of torch; `states` are (its key, what values it holds)."""
    step = draw(st.sampled_from(steps))
    attrs = dict(attrs)
    if decay:
        attrs["weight_decay"] = draw(st.sampled_from(decay))
    settings = {k: v for k, v in attrs.items() if not k.startswith("beta")}
    if "beta1" in attrs:
        settings["betas"] = attrs["beta1"], attrs["beta2"]
    given = {"step": step - 1, **(numbers(attrs, step) if numbers else {})}

    def reference(t, p, g, *state):
        kept = dict(zip((key for key, _ in states), state, strict=True))
        return stepped(t, getattr(t.optim, name), settings, p, g, kept, **given)

    operands = (operand("n m"), operand("n m"), *(operand("n m", v) for _, v in states))
    if len(steps) > 1 or "beta1" in attrs:
        attrs["step"] = step
    return Case(operands, draw(letters("n m")), attrs, reference, draw(SEEDS), ())


MOMENTS = ("exp_avg", "real"), ("exp_avg_sq", "positive")
ADAM = {"lr": 0.1, "beta1": 0.8, "beta2": 0.9, "eps": 1e-3}


def so_far(attrs, step):
    """The product of the momenta of NAdam before this step."""
    found = 1.0
    for i in range(1, step):
        found *= attrs["beta1"] * (1 - 0.5 * 0.96 ** (i * 0.004))
    return {"mu_product": found}


@st.composite
def rmsprop(draw):
    attrs = {"lr": 0.1, "alpha": 0.9, "eps": 1e-3}
    attrs |= {"momentum": draw(st.sampled_from((0.0, 0.7))), "centered": draw(st.booleans())}
    # A mean whose square is below the mean square, as it is in a run.
    states = [("square_avg", "positive")]
    states += [("grad_avg", "positive")] * attrs["centered"]
    states += [("momentum_buffer", "real")] * bool(attrs["momentum"])
    case = draw(rule("RMSprop", states, attrs))
    if not attrs["centered"]:
        return case

    def adjust(arrays):
        p, g, square, mean, *rest = arrays
        return [p, g * 0.1, square + 4, mean * 0.1, *rest]

    case.__dict__["adjust"] = adjust
    return case


@st.composite
def rprop(draw):
    attrs = {"up": 1.3, "down": 0.4, "least": 1e-3, "most": 1.5}

    def reference(t, p, g, before, size):
        settings = {"etas": (0.4, 1.3), "step_sizes": (1e-3, 1.5)}
        return stepped(
            t, t.optim.Rprop, settings, p, g, {"prev": before, "step_size": size}, step=1
        )

    values = "real", "digits", "digits", "positive"
    operands = tuple(operand("n m", v) for v in values)
    return Case(operands, draw(letters("n m")), attrs, reference, draw(SEEDS), ())


@st.composite
def lion(draw):
    """The update of the paper, algorithm 2; torch has none."""
    attrs = {
        "lr": 0.1,
        "beta1": 0.8,
        "beta2": 0.9,
        "weight_decay": draw(st.sampled_from((0.0, 0.2))),
    }

    def reference(t, p, g, m):
        towards = t.sign(0.8 * m + 0.2 * g)
        return p - 0.1 * (towards + attrs["weight_decay"] * p), 0.9 * m + (1 - 0.9) * g

    return Case((operand("n m"),) * 3, draw(letters("n m")), attrs, reference, draw(SEEDS), ())


@st.composite
def muon(draw):
    """As torch.optim.Muon, but for its bfloat16."""
    attrs = {"lr": 0.1, "momentum": 0.9, "nesterov": draw(st.booleans())}
    attrs["weight_decay"] = draw(st.sampled_from((0.0, 0.2)))

    def reference(t, p, g, m):
        m = t.lerp(m, g, 1 - 0.9)
        x = t.lerp(g, m, 0.9) if attrs["nesterov"] else m
        tall = x.shape[0] > x.shape[1]
        x = x.T if tall else x
        x = x / x.norm().clamp(min=1e-7)
        for _ in range(5):
            gram = x @ x.T
            x = t.addmm(x, t.addmm(gram, gram, gram, beta=-4.7750, alpha=2.0315), x, beta=3.4445)
        return p * (1 - 0.1 * attrs["weight_decay"]) - 0.1 * (x.T if tall else x), m

    return Case((operand("n m"),) * 3, draw(letters("n m")), attrs, reference, draw(SEEDS), ())


@st.composite
def oriented(draw):
    """The sides in this order or the other."""
    env = draw(letters("n m"))
    shape = draw(st.sampled_from(((env["n"], env["m"]), (env["m"], env["n"]))))

    def reference(t, x):
        return x if tuple(x.shape) == shape else x.T

    operands = (operand(tuple(env.values())),)
    return Case(operands, {}, {"shape": shape}, reference, draw(SEEDS))


CASES = {
    "sgd": sgd(),
    "adam": rule("Adam", MOMENTS, ADAM),
    "adamw": rule("AdamW", MOMENTS, ADAM),
    "nadam": rule("NAdam", MOMENTS, ADAM, numbers=so_far),
    "radam": rule("RAdam", MOMENTS, {**ADAM, "beta2": 0.99}, steps=(2, 40)),
    "adamax": rule("Adamax", (("exp_avg", "real"), ("exp_inf", "positive")), ADAM),
    "adagrad": rule("Adagrad", (("sum", "positive"),), {"lr": 0.1, "eps": 1e-3}),
    "adadelta": rule(
        "Adadelta", (("square_avg", "positive"), ("acc_delta", "positive")),
        {"lr": 0.1, "rho": 0.8, "eps": 1e-3},
    ),
    "rmsprop": rmsprop(),
    "rprop": rprop(),
    "lion": lion(),
    "muon": muon(),
    "oriented": oriented(),
}  # fmt: skip
