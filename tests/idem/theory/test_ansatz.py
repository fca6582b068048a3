"""The derivation of Appendix A: properties of what it finds, then the paper's values."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import sympy
from hypothesis import given, settings, strategies as st

from idem.theory.ansatz import (
    X,
    closed_form,
    equations,
    matches_closed_form,
    quotient,
    smoothstep,
    solve,
    symbols,
    words,
)

exactly = settings(derandomize=True, deadline=None, max_examples=25)
GRID = [(order, degree) for order in (1, 2, 3) for degree in range(1, 9)]  # to 2n + 2 or more
FAMILIES = [family for order, degree in GRID for family in solve(order, degree)]


def reduced_words(order: int, exponent: int) -> dict[str, int]:
    """The slow, obvious twin: write all 2^exponent products out, then merge and drop."""
    found: dict[str, int] = {}
    for letters in itertools.product("PD", repeat=exponent):
        word = "".join(letters)
        while "PP" in word:
            word = word.replace("PP", "P")
        if word.count("D") <= order:
            found[word] = found.get(word, 0) + 1
    return found


@exactly
@given(st.integers(1, 3), st.integers(1, 8))
def test_words_of_a_power_equal_the_brute_force_expansion(order, exponent):
    counts = words(order, exponent).items()
    assert {w: c[exponent] for w, c in counts if exponent in c} == reduced_words(order, exponent)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f"{f.order}-{f.degree}-{f.value_at_one}")
def test_every_family_solves_all_equations_and_is_the_closed_form(family):
    names = symbols(family.degree)
    values = list(zip(names, family.coefficients, strict=True))
    for equation in equations(family.order, family.degree).values():
        assert sympy.expand(equation.subs(values, simultaneous=True)) == 0
    assert matches_closed_form(family)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f"{f.order}-{f.degree}-{f.value_at_one}")
def test_values_and_derivatives_at_both_ends(family):
    g = family.polynomial()
    assert g.subs(X, 0) == 0
    assert sympy.expand(g.subs(X, 1)) == family.value_at_one
    for k in range(1, family.order + 1):
        slope = sympy.diff(g, X, k)
        assert sympy.expand(slope.subs(X, 0)) == 0
        assert sympy.expand(slope.subs(X, 1)) == 0


@pytest.mark.parametrize(("order", "degree"), GRID)
def test_branches_appear_at_the_degrees_of_the_closed_form(order, degree):
    families = solve(order, degree)
    expected = [1, 0] if degree >= 2 * order + 1 else [0]
    assert [family.value_at_one for family in families] == expected
    assert families[-1].is_zero == (degree < 2 * order + 2)


@pytest.mark.parametrize(("order", "degree"), [(1, 2), (1, 3), (1, 4), (2, 5)])
def test_groebner_basis_agrees_that_nothing_is_missing(order, degree):
    """The product of both branches' ideals has the same solutions as the equations."""
    names = symbols(degree)
    ideal = sympy.groebner(list(equations(order, degree).values()), *names)
    differences = [
        [a - value for a, value in zip(names, family.coefficients, strict=True) if a != value]
        for family in solve(order, degree)
    ]
    for factors in itertools.product(*differences):
        assert ideal.contains(sympy.expand(sympy.prod(factors)))


@exactly
@given(st.sampled_from([f for f in FAMILIES if f.value_at_one == 1]), st.integers(0, 5))
def test_noise_returns_at_order_n_plus_1(family, seed):
    draw = np.random.default_rng(seed)
    P = np.array([[1.0, 0.5, 0.2], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    D = draw.standard_normal((3, 3))
    free = {a: int(draw.integers(-2, 3)) for a in family.free}
    coefficients = [float(c.subs(free)) for c in family.coefficients]
    residuals = []
    for noise in (1e-2, 1e-3):
        K = P + noise * D
        powers = [np.linalg.matrix_power(K, i) for i in range(1, family.degree + 1)]
        g = np.tensordot(coefficients, np.stack(powers), axes=1)
        residuals.append(np.linalg.norm(g @ g - g))
    assert residuals[1] < 5 * residuals[0] * 10 ** -(family.order + 1) + 1e-12


def test_degree_2_has_no_corrector_and_degree_3_exactly_the_papers():
    assert [f.value_at_one for f in solve(1, 2)] == [0]
    corrector, zero = solve(1, 3)
    assert corrector.coefficients == (0, 3, -2)
    assert corrector.free == ()
    assert zero.is_zero


def test_degree_4_is_a_family_on_both_branches():
    a = symbols(4)[3]
    corrector, other = solve(1, 4)
    assert corrector.coefficients == (0, 3 + a, -2 - 2 * a, a)
    assert other.coefficients == (0, a, -2 * a, a)
    assert corrector.free == other.free == (a,)


def test_smoothstep_values():
    assert smoothstep(1) == 3 * X**2 - 2 * X**3
    assert smoothstep(2) == 6 * X**5 - 15 * X**4 + 10 * X**3


def test_closed_form_rejects_a_family_that_is_too_small():
    family = solve(1, 4)[0]
    fixed = tuple(c.subs(symbols(4)[3], 1) for c in family.coefficients)
    assert not matches_closed_form(replace(family, coefficients=fixed))
    wrong = (sympy.Integer(1), *family.coefficients[1:])
    assert not matches_closed_form(replace(family, coefficients=wrong))


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f"{f.order}-{f.degree}-{f.value_at_one}")
def test_the_closed_form_is_the_family_multiplied_out(family):
    assert sympy.expand(closed_form(family) - family.polynomial()) == 0
    count = max(0, family.degree - 2 * family.order - 1)
    assert len(quotient(family) or ()) == len(family.free) == count


def test_a_family_without_a_closed_form_is_refused():
    family = solve(1, 4)[0]
    wrong = replace(family, coefficients=(sympy.Integer(1), *family.coefficients[1:]))
    assert quotient(wrong) is None
    with pytest.raises(ArithmeticError, match="expected the closed form of order 1, got Family"):
        closed_form(wrong)


def test_closed_form_rejects_a_q_that_misses_polynomials():
    """As many free coefficients as q has, but q₀ depends on q₁."""
    family = solve(1, 5)[0]
    a, b = family.free
    narrow = tuple(c.subs({a: b - 1}) if c not in (a, b) else c for c in family.coefficients)
    assert not matches_closed_form(replace(family, coefficients=narrow))
    dependent = sympy.expand((X * (1 - X)) ** 2 * ((a + b) + (a + b) * X) + smoothstep(1))
    coefficients = tuple(dependent.coeff(X, i) for i in range(1, 6))
    with_free = replace(family, coefficients=coefficients)
    assert quotient(with_free) == (a + b, a + b)
    assert not matches_closed_form(with_free)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f"{f.order}-{f.degree}-{f.value_at_one}")
def test_each_step_is_the_equation_of_its_word_with_the_earlier_steps_put_in(family):
    found = equations(family.order, family.degree)
    for i, step in enumerate(family.steps):
        equation = found[step.word]
        for earlier in family.steps[:i]:
            equation = equation.subs(earlier.variable, earlier.value)
        assert sympy.expand(equation - step.equation) == 0
        assert sympy.rem(step.equation, step.factor, step.variable) == 0
        assert sympy.expand(step.factor.subs(step.variable, step.value)) == 0


def test_the_steps_to_the_papers_corrector():
    steps = solve(1, 3)[0].steps
    assert [step.word for step in steps] == ["D", "P", "PDP"]
    assert [str(step.value) for step in steps] == ["0", "1 - alpha_3", "-2"]


def test_latex():
    assert solve(1, 3)[0].latex() == r"g(\mathbf{K}) = 3 \mathbf{K}^{2} - 2 \mathbf{K}^{3}"
    assert solve(1, 3)[1].latex() == r"g(\mathbf{K}) = 0"
    expected = r"\left(3 + \alpha_{4}\right) \mathbf{K}^{2}"
    assert expected in solve(1, 4)[0].latex()


@pytest.mark.parametrize("function", [words, equations, solve])
def test_wrong_orders_and_degrees_are_refused(function):
    with pytest.raises(TypeError, match="order: expected an integer, got float"):
        function(1.0, 3)
    with pytest.raises(ValueError, match="degree: expected 1 or more, got 0"):
        function(1, 0)
