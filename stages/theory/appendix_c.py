"""Appendix C as Markdown: the rule derived, its code, its graph, and what it is the gradient of."""

import ast
import inspect
import math
import re
import textwrap
from collections.abc import Mapping
from typing import Any

from idem.rule import gradient, loss
from stages.common import params
from stages.text.markdown import table

TITLE = "Appendix C, the automatic differentiation rule"
SHOWN = (
    gradient.SubstituteGradient,
    gradient.substitute_gradient,
    gradient.output_gradient,
    loss.idempotency_loss,
)
_CASES = {
    "symmetric_whitened_symmetric_directions": r"$f(x) = Kx$, $K$ symmetric, $\Sigma = I$, "
    "symmetric directions alone",
    "symmetric_whitened": r"$f(x) = Kx$, $K$ symmetric, $\Sigma = I$, all directions",
    "general_whitened": r"$f(x) = Kx$, any $K$, $\Sigma = I$",
    "symmetric_not_whitened": r"$f(x) = Kx$, $K$ symmetric, $\Sigma \neq I$",
    "general_not_whitened": r"$f(x) = Kx$, any $K$, $\Sigma \neq I$",
}
_STANDING = {
    "half_identity": r"$K = \frac{1}{2} I$",
    "mixed": r"$K = V D V^{-1}$, $D$ with 0, $\frac{1}{2}$, 1",
    "halving_network": "two-layer network, 1 and ½ by sign",
    "dead_unit": "dead on the data, alive at $y$",
    "compromise": r"one LeakyReLU unit on $x = \pm 1$",
}
_DERIVATION = r"""
Write $y = f(x)$, $u = f(y)$, $w = f(u)$, for a batch of $B$ items, $J_{f}(y)$ for the Jacobian of
$f$ with respect to its input and $J_{\theta}(x)$ for that with respect to the parameters $\theta$.
The paper's equation 10 defines $-\partial \mathcal{L} / \partial y := y' - y$ with $y' = 3 u - 2
w$. Backpropagation carries $\partial \mathcal{L} / \partial y$, not its negative, and a step of
descent moves against it. So what has to be handed to the backward pass is the vector

$$ \frac{\partial \mathcal{L}}{\partial y} := y - y' = y - 3 u + 2 w $$

for each item, divided by $B$ as the loss is a mean over items; with the sign reversed, descent
would move $y$ away from $y'$. The value of $\mathcal{L}$ plays no part in this. It is set to that
of the canonical loss, $\frac{1}{2 B} \sum_{b} \left|u_{b} - y_{b}\right|^{2}$, so that both rules
can be compared; the scales `sum` and `mean` multiply value and gradient by 2 and $2 / n$.

From $y$ on, the chain rule goes on as in any network:

$$ G_{m} = \frac{1}{B} \sum_{b} J_{\theta}(x_{b})^{T} (y_{b} - 3 u_{b} + 2 w_{b}) $$

Ordinary backpropagation of the same loss sends another vector to $y$, and reaches the parameters a
second time, through the outer application of $f$:

$$ G_{o} = \frac{1}{B} \sum_{b} J_{\theta}(x_{b})^{T} \left(J_{f}(y_{b})^{T} (u_{b} - y_{b}) -
(u_{b} - y_{b})\right) + \frac{1}{B} \sum_{b} J_{\theta}(y_{b})^{T} (u_{b} - y_{b}) $$

**How the two relate.** Let $e = u - y$ be the idempotent error of an item. As $w = f(y + e)$,

$$ y - y' = - e + 2 (w - u) = - e + 2 J_{f}(y) e + O(\left|e\right|^{2}) $$

and for a LeakyReLU network without the last term wherever $y$ and $u$ lie on one linear piece. Both
rules send $-e$. Where the modified rule adds $2 J_{f}(y) e$, one more forward pass, the ordinary
one adds $J_{f}(y)^{T} e$, a pass back, and the second sum, which is no vector at $y$ at all.

**Where they are one.** For $f(x) = K x$ and $\Sigma = \frac{1}{B} \sum_{b} x_{b} x_{b}^{T}$, with
$E = K^{2} - K$,

$$ G_{m} = (K - 3 K^{2} + 2 K^{3}) \Sigma = (2 K E - E) \Sigma $$

$$ G_{o} = (K^{T} E - E) \Sigma + E \Sigma K^{T} $$

With a symmetric $K$ and whitened input, $\Sigma = I$, the transpose is of no consequence, $E$ and
$K$ commute, and both are $K - g(K)$. A step of rate $\gamma$ is then one step of the relaxed
recurrence of section 2.2.
"""
_THEOREM = r"""
**Theorem** (Poincaré). A continuously differentiable field $G$ on a star-shaped open domain is the
gradient of a function if and only if its Jacobian $DG$ is symmetric at every point.

*Proof.* If $G = \nabla \phi$, $DG$ is a Hessian. Conversely let the domain be star-shaped about 0
and $\phi(\theta) = \int_{0}^{1} \sum_{j} G_{j}(t \theta) \theta_{j} dt$. Then $\partial_{i} \phi =
\int_{0}^{1} \left(G_{i}(t \theta) + t \sum_{j} \partial_{i} G_{j}(t \theta) \theta_{j}\right) dt$,
and with $\partial_{i} G_{j} = \partial_{j} G_{i}$ what is integrated is the derivative of $t
G_{i}(t \theta)$, so that $\partial_{i} \phi = G_{i}(\theta)$.

So one point where $DG$ is not symmetric is enough to know that $G$ is the gradient of no loss, on
any neighbourhood of it. (It may still lower one: $G$ need not be the gradient of what it lowers.
LeakyReLU networks have a continuously differentiable $G$ wherever no kink is met, which is almost
everywhere.)

**Linear maps, whitened input.** $G(K) = F(K) = K - 3 K^{2} + 2 K^{3}$ has

$$ DF(K)[H] = H - 3 (K H + H K) + 2 (K^{2} H + K H K + H K^{2}) $$

Its adjoint under $\langle A, B \rangle = \mathrm{tr} A^{T} B$ is the same with $K^{T}$ in the place
of $K$. At a symmetric $K$ it is therefore symmetric, in all directions and not in symmetric ones
alone. On the space of symmetric matrices, which $F$ maps into itself, that holds everywhere, and
the theorem applies: $F$ is the gradient of $\frac{1}{2} \left|K^{2} - K\right|^{2}$. Among all
matrices the symmetric ones have no neighbourhood, and $F$ is a gradient on none.

**What is measured.** $\left|A - A^{T}\right| / \left|A + A^{T}\right|$, Frobenius norms, of the
whole Jacobian $A$ of what either rule sends to the parameters, in float64; 0 is symmetric. The
ordinary rule, whose $A$ is a Hessian, is the control.
"""
_ORBITS = r"""
The rule has nothing to correct where $y' = y$, that is $f(y) = u$, $f(u) = w$ and $2 w - 3 u + y =
0$. If that holds along a whole orbit $y_{k} = f^{k}(x)$, the recurrence $2 y_{k+2} - 3 y_{k+1} +
y_{k} = 0$ has the solutions

$$ y_{k} = p + 2^{1 - k} d, \quad p = 2 f(y) - y, \quad d = 2 (y - f(y)) $$

and, for a continuous $f$, $f(p) = p$. **The rule stands still for every input if and only if each
orbit halves its distance to a fixed point at every step**; $d = 0$ is idempotency. For a matrix
these are the eigenvalues 1, 0 (at once, from $x$ to $y$) and $\frac{1}{2}$. The map $2 f^{2} - f$
to the limits is idempotent.

Examples that are not idempotent:

- *Linear.* $K = \frac{1}{2} I$, and any diagonalisable $K$ with eigenvalues 0, $\frac{1}{2}$, 1.
  Along a change of an eigenvalue $\frac{1}{2}$ a step multiplies a perturbation by $1 +
  \frac{\gamma}{2}$.
- *Not linear.* $f(x) = x$ for $x > 0$ and $\frac{x}{2}$ for $x < 0$, element by element: a
  two-layer LeakyReLU network of the paper's kind, with hidden units $\pm x$.

The parameters may also be stationary, $\sum_{b} J_{\theta}(x_{b})^{T} (y_{b} - y_{b}') = 0$, with
$y' \neq y$:

- *Dead units.* $f(x) = \frac{1}{2} \mathrm{ReLU}(1 - x)$ on $x = 2, 3$ has $y = 0$, $u =
  \frac{1}{2}$ and $y' = 1$. All of $J_{\theta}(x)$ is 0, and the modified rule has no other way to
  the parameters. The ordinary rule has: at $y$ the unit is alive.
- *Compromise.* One LeakyReLU unit of slope $s$, $f(x) = \phi(k x)$ on $x = \pm 1$, is stationary
  for $(1 + s^{2}) k - 3 (1 + s^{3}) k^{2} + 2 (1 + s^{4}) k^{3} = 0$: the positive item asks for $k
  = 1$, the negative one for $k = \frac{1}{s}$. The ordinary rule has the same equation.
"""


def appendix_c(section: params.Autodiff, found: Mapping[str, Any]) -> str:
    """Return Appendix C as Markdown with LaTeX, from the measurements of stage autodiff."""
    parts = [
        f"# {TITLE}",
        "Appendix to *Enforcing idempotency in neural networks* (Jensen and Vicary). Every number, "
        "the code and the graphs are put in by stage `autodiff`.",
        "## C.1 Derivation",
        *_paragraphs(_DERIVATION),
        *_agreement(found),
        "## C.2 Code",
        "From the source of the package, without its documentation:",
        *(f"```python\n{code_of(thing)}\n```" for thing in SHOWN),
        "## C.3 Computational graphs",
        *_graphs(section, found),
        "## C.4 When the rule is a gradient",
        *_paragraphs(_THEOREM),
        *_symmetry(section, found),
        "## C.5 Where it stands still without being done",
        *_paragraphs(_ORBITS),
        *_standing(section, found),
    ]
    return "\n\n".join(parts) + "\n"


def code_of(thing: Any) -> str:
    """Return the source of a function or class without its docstrings."""
    lines = textwrap.dedent(inspect.getsource(thing)).splitlines()
    left_out = set[int]()
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            first, last = node.body[0].lineno, node.body[0].end_lineno or 0
            left_out |= {*range(first, last + 1)}
            if not any(map(str.strip, lines[last : last + 1])):
                left_out.add(last + 1)
    return "\n".join(line for k, line in enumerate(lines, start=1) if k not in left_out)


def _agreement(found: Mapping[str, Any]) -> list[str]:
    differences = found["log10_difference_from_closed_form"]
    scales = list(differences["modified"])
    rows = [[rule, *(_power(of_rule[s]) for s in scales)] for rule, of_rule in differences.items()]
    equal = found["symmetric_linear"]
    return [
        "**Checked.** The largest difference between an element of what the code sends to the "
        "parameters of a two-layer LeakyReLU network and the formulas above, evaluated with whole "
        "Jacobians in float64, by scale:",
        table(["rule", *(f"`{scale}`" for scale in scales)], rows),
        "For a random symmetric $K$ and whitened input, the largest difference from $K - g(K)$ is "
        f"{_power(equal['log10_modified'])} under the modified and "
        f"{_power(equal['log10_ordinary'])} under the ordinary rule.",
    ]


def _graphs(section: params.Autodiff, found: Mapping[str, Any]) -> list[str]:
    graphs, names = (
        found["graphs"],
        {
            "nodes": "nodes of autograd's graph",
            "parameters": "of these, parameters",
            "gradient_edges": "edges",
            "ways_to_a_parameter": "ways on which gradients reach a parameter",
            "saved_bytes": "bytes saved for the backward pass",
            "recorded_applications": "passes through $f$ that are recorded",
            "unrecorded_applications": "passes that are not",
            "unrecorded_operations": "operations of the step that are not",
        },
    )
    widths = "-".join(map(str, section.widths))
    rows = [[words, *(f"{graphs[r][key]}" for r in graphs)] for key, words in names.items()]
    judged = found["C"]
    return [
        f"A LeakyReLU network of widths {widths} and a batch of {section.batch_size} in float32. "
        "The graph is walked from the loss by `grad_fn` and `next_functions`; what is computed "
        "beside it is seen where PyTorch dispatches it.",
        "![The autograd graphs of both rules](figure_autodiff.png)",
        table(["", *graphs], rows),
        "The substitution cuts the graph at $y$. Below, both graphs are the same; above, the "
        f"ordinary one holds a second pass. It has {judged['nodes_ratio']:.3g} times the nodes and "
        f"saves {judged['saved_bytes_ratio']:.3g} times the bytes. What the modified rule saves at "
        "the cut is $y - y'$ of each item. Its inner passes free what they compute at once.",
    ]


def _symmetry(section: params.Autodiff, found: Mapping[str, Any]) -> list[str]:
    judged, rows = found["gradient_of_a_loss"], []
    for name, of_case in found["asymmetry"].items():
        words = _CASES.get(name) or _network_case(section, name, of_case)
        rows.append([words, _size(of_case["modified"]), _size(of_case["ordinary"])])
    return [
        table(["case", "modified", "ordinary"], rows),
        "$\\Sigma$ is the second moment of the input. Up to rounding, the Jacobian of the modified "
        f"rule is symmetric in {judged['symmetric_cases']['modified']} of {judged['cases']} cases, "
        f"that of the ordinary rule in {judged['symmetric_cases']['ordinary']}; in all others its "
        f"asymmetry is at least {judged['least_asymmetry_elsewhere']:.2g}. "
        + (
            "In no case was it seen not to be a gradient."
            if judged["modified_in_general"]
            else _NONE
        ),
    ]


_NONE = (
    "So what the modified rule sends through a network is the gradient of no loss. The value "
    "printed beside it is that of the ordinary one, and nothing guarantees that each step lowers "
    "it, however small."
)
_PERHAPS = "In no case was it seen not to be a gradient."


def _network_case(section: params.Autodiff, name: str, of_case: Mapping[str, float]) -> str:
    network, _, place = name.rpartition("_")
    widths = "-".join(map(str, section.networks[network]))
    when = "at the start" if place == "start" else f"after {section.steps} steps"
    return f"LeakyReLU network {widths} {when}, mean error {of_case['absolute_error']:.2g}"


def _standing(section: params.Autodiff, found: Mapping[str, Any]) -> list[str]:
    rows = [
        [
            words,
            _power(of_case["log10_modified"]),
            _power(of_case["log10_ordinary"]),
            _size(of_case["asked_change"]),
            _size(of_case["idempotent_error"]),
            f"{of_case['leftmost_eigenvalue']:.3g}",
        ]
        for name, words in _STANDING.items()
        for of_case in [found["fixed_points"][name]]
    ]
    head = ["example", "modified", "ordinary", "largest change asked", "largest error", "leftmost"]
    points = found["fixed_points"]
    multipliers = [
        error
        for name in ("half_identity", "mixed")
        for error in points[name]["log10_error_of_multiplier"].values()
    ]
    halving = points["halving_network"]
    fixed = ("half_identity", "mixed", "halving_network")
    kinds = [_kind(points[name], section) for name in fixed]
    return [
        "**Checked** in float64: the norms of what the code sends to the parameters under either "
        "rule, the largest element of $y' - y$ and of $f(y) - y$, and the eigenvalue of the "
        "modified rule's $DG$ that is furthest left, negative where a perturbation grows at any "
        "rate:",
        table(head, rows),
        "The multiplier $1 + \\frac{\\gamma}{2}$ is met to "
        f"{_power(max(multipliers))}; the orbits of the network follow $p + 2^{{1 - k}} d$ to "
        f"{_power(halving['log10_error_of_orbits'])}, and their limits are fixed to "
        f"{_power(halving['log10_defect_of_limit'])}. Of the three fixed points of the "
        f"corrector {kinds.count('repels')} repel. Stationary parameters need not: "
        f"the dead unit {_kind(points['dead_unit'], section)}, and the compromise, at "
        f"$k = {points['compromise']['k']:.4f}$, {_kind(points['compromise'], section)}.",
    ]


def _kind(point: Mapping[str, Any], section: params.Autodiff) -> str:
    """Say what becomes of a small perturbation, from the eigenvalue furthest left."""
    leftmost = point["leftmost_eigenvalue"]
    if abs(leftmost) <= section.tolerance:
        return "stays where it is"
    return "attracts" if leftmost > 0 else "repels"


def _power(log10: float) -> str:
    """Return a rounding error as a power of ten, rounded up."""
    return f"$10^{{{math.ceil(log10)}}}$" if log10 < -3 else f"{10**log10:.2g}"


def _size(value: float) -> str:
    return _power(math.log10(value)) if 0 < value < 1e-3 else f"{value:.3g}"


def _paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a wrapped text, each and each item of a list on one line."""
    return [re.sub(r"\n(?!- )\s*", " ", part) for part in text.strip().split("\n\n")]
