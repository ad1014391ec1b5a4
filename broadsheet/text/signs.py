# ruff: noqa: RUF001 - signs that look like others are what this file is about
"""The letters and signs that LaTeX commands stand for."""

from __future__ import annotations

import unicodedata

ACCENTS = {"'": "\u0301", "`": "\u0300", "^": "\u0302", '"': "\u0308", "~": "\u0303", "=": "\u0304", ".": "\u0307"}
ACCENTS |= {"u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "k": "\u0328", "r": "\u030a", "d": "\u0323"}
ACCENTS |= {"b": "\u0331"}
ESCAPES = {"\\": " ", " ": " ", ",": " ", ";": " ", ":": " ", "!": "", "/": "", "@": "", "-": "", "\n": " "}
TYPED = {"``": "“", "''": "”", "---": "—", "--": "–", "~": "\xa0", "times": "×", "ell_": "ℓ_"}

_GREEK = """alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi
chi psi omega"""
_LETTERS = "ss ß oe œ OE Œ ae æ AE Æ aa å AA Å o ø O Ø l ł L Ł i ı j ȷ dh ð DH Ð th þ TH Þ"
_NAMED = """
varepsilon ε vartheta ϑ varphi φ varrho ϱ varsigma ς ell ℓ hbar ℏ infty ∞ partial ∂ nabla ∇ prime ′ degree °
textdegree ° times × cdot · pm ± mp ∓ div ÷ ast ∗ star ⋆ circ ∘ bullet • oplus ⊕ otimes ⊗ dagger † sqrt √
sim ∼ simeq ≃ approx ≈ equiv ≡ leq ≤ le ≤ geq ≥ ge ≥ neq ≠ ne ≠ ll ≪ gg ≫ lesssim ≲ gtrsim ≳ propto ∝ perp ⊥ parallel ∥
in ∈ notin ∉ subset ⊂ subseteq ⊆ supset ⊃ cup ∪ cap ∩ setminus ∖ emptyset ∅ forall ∀ exists ∃ neg ¬ wedge ∧ vee ∨
to → rightarrow → leftarrow ← leftrightarrow ↔ Rightarrow ⇒ Leftarrow ⇐ mapsto ↦ uparrow ↑ downarrow ↓ 
sum ∑ prod ∏ int ∫ langle ⟨ rangle ⟩ lfloor ⌊ rfloor ⌋ lceil ⌈ rceil ⌉ mid | vert | Vert ‖ S § P ¶ copyright © pounds £
ldots … dots … cdots ⋯ textellipsis … textregistered ® texttrademark ™ textgreater > textless < textbackslash \\
textendash – textemdash — textasciitilde ~ textquotesingle ' LaTeX LaTeX TeX TeX BibTeX BibTeX
"""
_SPACES = {"quad": " ", "qquad": " ", "newline": " ", "par": " "}


def _greek() -> dict[str, str]:
    spelled = {name: name.replace("lambda", "lamda") for name in _GREEK.split()}  # as Unicode spells it
    small = {name: unicodedata.lookup(f"GREEK SMALL LETTER {spelling}") for name, spelling in spelled.items()}
    return small | {name.capitalize(): sign.upper() for name, sign in small.items()}


def _pairs(table: str) -> dict[str, str]:
    words = table.split()
    return dict(zip(words[::2], words[1::2], strict=True))


LETTERS = _pairs(_LETTERS)
COMMANDS = _greek() | _pairs(_NAMED) | LETTERS | _SPACES
