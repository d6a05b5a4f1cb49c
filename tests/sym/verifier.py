"""An independent check of a certificate: from its text, by z3 and SymPy, and by evaluation.

It shares no code with what found the certificate. Formulas are read as Python expressions.

1. Each step `low <= atom <= high` is a statement about integers: z3 looks for a counterexample.
   Where it gives up (logarithms, products under a rounding), random sizes are evaluated.
2. With the steps put in, a polynomial is left that must not be negative: SymPy writes every symbol
   as its least value and a rest, and all coefficients must be positive or zero. A letter whose
   logarithm occurs is its logarithm and a rest.
"""

import random
from fractions import Fraction

import sympy
import z3

FUNCTIONS = ("floordiv", "ceildiv", "mod", "min", "max", "ceillog2", "ceilpow2")
NUMBERS = {
    "floordiv": lambda a, b: a // b,
    "ceildiv": lambda a, b: -(-a // b),
    "mod": lambda a, b: a % b,
    "min": min,
    "max": max,
    "ceillog2": lambda a: max(int(a) - 1, 0).bit_length(),
    "ceilpow2": lambda a: next(2**k for k in range(1000) if 2**k >= a),
}


Z3 = {
    "floordiv": lambda a, b: a / b,  # Int / Int of z3 rounds down for a divisor above 0
    "ceildiv": lambda a, b: (a + b - 1) / b,
    "mod": lambda a, b: a % b,
    "min": lambda *xs: _fold(xs, lambda a, b: z3.If(a <= b, a, b)),
    "max": lambda *xs: _fold(xs, lambda a, b: z3.If(a >= b, a, b)),
}


def evaluate(text, sizes):
    """Evaluate a formula in fractions."""
    exact = {name: Fraction(n) for name, n in sizes.items()}
    return eval(text, {"__builtins__": {}}, {**NUMBERS, **exact})


def check(certificate, rng=None):
    """Assert that a certificate proves what it says; gives how many steps z3 could not decide."""
    rng = rng or random.Random(0)
    names = {s.name for e in _parts(certificate) for s in _symbols(e)}
    undecided = sum(_step(step, certificate, names, rng) for step in certificate.steps)
    upper, lower = certificate.upper, certificate.lower
    low, high = _enclosed(certificate, names)
    order = _read(str(certificate.order), names)
    _not_negative(_read(str(upper), names) * order - high, certificate, names)
    if lower is not None:
        _not_negative(low - _read(str(lower), names) * order, certificate, names)
        _positive(lower, names)
    for _ in range(20):
        sizes = _sizes(certificate, names, rng)
        f, g = (evaluate(str(e), sizes) for e in (certificate.formula, certificate.order))
        assert f <= evaluate(str(upper), sizes) * g, sizes
        assert lower is None or evaluate(str(lower), sizes) * g <= f, sizes
    return undecided


def _parts(certificate):
    steps = [e for s in certificate.steps for e in (s.atom, s.low, s.high)]
    return [certificate.formula, certificate.order, certificate.upper, *steps]


def _symbols(e):
    return _read(str(e), None).free_symbols


def _read(text, names):
    """Read text with SymPy, all names as positive integers."""
    found = {n.id for n in _names(text)} - {*FUNCTIONS} if names is None else names
    known = {n: sympy.Symbol(n, integer=True, positive=True) for n in found}
    calls = {n: sympy.Function(n) for n in FUNCTIONS}
    return sympy.sympify(eval(text, {"__builtins__": {}}, {**calls, **known}))


def _names(text):
    import ast

    return [n for n in ast.walk(ast.parse(text, mode="eval")) if isinstance(n, ast.Name)]


def _least(certificate, name):
    return certificate.least if name in certificate.letters else 1


def _sizes(certificate, names, rng):
    """Draw sizes in the range of the certificate, of which some are multiples of others."""
    by = rng.choice([1, 1, 2, 6])
    sizes = {
        n: max(_least(certificate, n), rng.choice([1, 2, 7, 30, 500, 4000])) * by for n in names
    }
    for m, n in reversed(_chain(certificate)):
        sizes[m] *= sizes.get(n, 1)
    return sizes


def _step(step, certificate, names, rng):
    """Check one step; 1 where z3 could not tell."""
    ints = {n: z3.Int(n) for n in names}
    plain = not any(f in str(step) for f in ("ceillog2", "ceilpow2")) and not certificate.divided
    decided = _by_z3(step, certificate, ints) if plain else None
    assert decided is not False, f"{step} has a counterexample"
    for _ in range(20):
        sizes = _sizes(certificate, names, rng)
        low, atom, high = (evaluate(str(e), sizes) for e in (step.low, step.atom, step.high))
        assert low <= atom <= high, (str(step), sizes)
    return decided is None


def _by_z3(step, certificate, ints):
    def term(text):
        return eval(text, {"__builtins__": {}}, {**Z3, **ints})

    solver = z3.Solver()
    solver.set("timeout", 2000)
    solver.add(*(v >= _least(certificate, n) for n, v in ints.items()))
    atom = term(str(step.atom))
    low, high = (term(str(r.expr)) for r in (step.low, step.high))
    solver.add(z3.Or(atom * step.low.over < low, atom * step.high.over > high))
    return {"unsat": True, "sat": False}.get(str(solver.check()))


def _fold(xs, join):
    first, *others = xs
    for x in others:
        first = join(first, x)
    return first


def _enclosed(certificate, names):
    """Put the steps into the formula: (low, high)."""
    bounds = {
        _read(str(s.atom), names): (_read(str(s.low), names), _read(str(s.high), names))
        for s in certificate.steps
    }
    low = high = sympy.Integer(0)
    for term in sympy.Add.make_args(sympy.expand(_read(str(certificate.formula), names))):
        c, factors = term.as_coeff_mul()
        below = above = sympy.Integer(1)
        for factor in factors:
            base, n = factor.as_base_exp()
            least, most = bounds.get(base, (base, base))
            assert base not in bounds or n > 0
            below, above = below * least**n, above * most**n
        if c < 0:
            below, above = above, below
        low, high = low + c * below, high + c * above
    return sympy.expand(low), sympy.expand(high)


def _not_negative(e, certificate, names):
    """Assert that a polynomial is not negative from the least sizes on."""
    for name, by in _chain(certificate):  # d = h * d', where d' is what grows
        e = e.subs(_symbol(name), _symbol(name) * _symbol(by))
    whole = sympy.together(sympy.expand(e))
    above, below = sympy.numer(whole), sympy.denom(whole)
    assert below.is_positive or all(c > 0 for c in sympy.Poly(below).coeffs())
    assert _by_coefficients(sympy.expand(above), certificate, names), e


def _symbol(name):
    return sympy.Symbol(name, integer=True, positive=True)


def _chain(certificate):
    """Multiples before what they are multiples of."""
    divided = dict(certificate.divided)
    return sorted(divided.items(), key=lambda pair: pair[0] in divided.values())


def _by_coefficients(e, certificate, names):
    rests, put = {}, {}
    for call in sorted(e.atoms(sympy.core.function.AppliedUndef), key=str):
        rests[call] = sympy.Symbol(f"rest{len(rests)}", nonnegative=True)
        least = _smallest(call, certificate, names)
        if call.func.__name__ == "ceillog2" and call.args[0].is_Symbol:
            name = call.args[0].name
            least = (_least(certificate, name) - 1).bit_length()
            start = max(_least(certificate, name) - least, 0)
            more = sympy.Symbol(f"more{len(rests)}", nonnegative=True)
            put[call.args[0]] = rests[call] + least + start + more
        put[call] = rests[call] + least
    for name in names:
        symbol = sympy.Symbol(name, integer=True, positive=True)
        put.setdefault(symbol, sympy.Symbol(f"t_{name}") + _least(certificate, name))
    shifted = sympy.expand(e.xreplace(put))
    if shifted.is_Number:
        return shifted >= 0
    return all(c >= 0 for c in sympy.Poly(shifted).coeffs())


def _smallest(call, certificate, names):
    """Give a number that z3 proves a function which stays to be at least."""
    if call.func.__name__ in {"ceillog2", "ceilpow2"}:
        return int(call.func.__name__ == "ceilpow2")
    ints = {n: z3.Int(n) for n in names}
    start = evaluate(str(call), {n: _least(certificate, n) for n in names})
    for least in (int(start), 1):
        solver = z3.Solver()
        solver.set("timeout", 2000)
        solver.add(*(v >= _least(certificate, n) for n, v in ints.items()))
        solver.add(eval(str(call), {"__builtins__": {}}, {**Z3, **ints}) < least)
        if str(solver.check()) == "unsat":
            return least
    return 0


def _positive(lower, names):
    """Assert that the lower constant is above 0: Theta is empty talk else."""
    ones = dict.fromkeys(names, 1)
    assert evaluate(str(lower), ones) > 0
