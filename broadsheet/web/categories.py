"""What arXiv's category codes are called, for people who do not know them by heart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_NAMES = """
astro-ph Astrophysics
astro-ph.CO Cosmology
astro-ph.EP Planets
astro-ph.GA Galaxies
astro-ph.HE High-energy astrophysics
astro-ph.IM Astrophysics instruments
astro-ph.SR Stars and the Sun
cond-mat Condensed matter
cs Computer science
econ Economics
eess Electrical engineering
cond-mat.dis-nn Disordered systems
cond-mat.mes-hall Mesoscale and nanoscale physics
cond-mat.mtrl-sci Materials science
cond-mat.other Other condensed matter
cond-mat.quant-gas Quantum gases
cond-mat.soft Soft matter
cond-mat.stat-mech Statistical mechanics
cond-mat.str-el Strongly correlated electrons
cond-mat.supr-con Superconductivity
cs.AI Artificial intelligence
cs.AR Hardware architecture
cs.CC Computational complexity
cs.CE Computational engineering
cs.CG Computational geometry
cs.CL Language
cs.CR Security and cryptography
cs.CV Vision
cs.CY Computers and society
cs.DB Databases
cs.DC Distributed computing
cs.DL Digital libraries
cs.DM Discrete mathematics
cs.DS Data structures and algorithms
cs.ET Emerging technologies
cs.FL Formal languages
cs.GL General literature
cs.GR Graphics
cs.GT Game theory
cs.HC Human-computer interaction
cs.IR Information retrieval
cs.IT Information theory
cs.LG Machine learning
cs.LO Logic in computer science
cs.MA Multi-agent systems
cs.MM Multimedia
cs.MS Mathematical software
cs.NA Numerical analysis
cs.NE Neural and evolutionary computing
cs.NI Networking
cs.OH Other computer science
cs.OS Operating systems
cs.PF Performance
cs.PL Programming languages
cs.RO Robotics
cs.SC Symbolic computation
cs.SD Sound
cs.SE Software engineering
cs.SI Social networks
cs.SY Systems and control
econ.EM Econometrics
econ.GN General economics
econ.TH Theoretical economics
eess.AS Audio and speech
eess.IV Image and video processing
eess.SP Signal processing
eess.SY Systems and control
gr-qc General relativity
hep-ex High-energy experiment
hep-lat Lattice field theory
hep-ph High-energy phenomenology
hep-th High-energy theory
math-ph Mathematical physics
math.AC Commutative algebra
math.AG Algebraic geometry
math.AP Analysis of PDEs
math.AT Algebraic topology
math.CA Classical analysis
math.CO Combinatorics
math.CT Category theory
math.CV Complex variables
math.DG Differential geometry
math.DS Dynamical systems
math.FA Functional analysis
math.GM General mathematics
math.GN General topology
math.GR Group theory
math.GT Geometric topology
math.HO History of mathematics
math.IT Information theory
math.KT K-theory and homology
math.LO Logic
math.MG Metric geometry
math.MP Mathematical physics
math.NA Numerical analysis
math.NT Number theory
math.OA Operator algebras
math.OC Optimisation and control
math.PR Probability
math.QA Quantum algebra
math.RA Rings and algebras
math.RT Representation theory
math.SG Symplectic geometry
math.SP Spectral theory
math.ST Statistics theory
nlin.AO Adaptation and self-organisation
nlin.CD Chaotic dynamics
nlin.CG Cellular automata
nlin.PS Patterns and solitons
nlin.SI Integrable systems
nucl-ex Nuclear experiment
nucl-th Nuclear theory
physics.acc-ph Accelerators
physics.ao-ph Atmosphere and ocean
physics.app-ph Applied physics
physics.atm-clus Atomic clusters
physics.atom-ph Atomic physics
physics.bio-ph Biological physics
physics.chem-ph Chemical physics
physics.class-ph Classical physics
physics.comp-ph Computational physics
physics.data-an Data analysis
physics.ed-ph Physics education
physics.flu-dyn Fluid dynamics
physics.gen-ph General physics
physics.geo-ph Geophysics
physics.hist-ph History of physics
physics.ins-det Instruments and detectors
physics.med-ph Medical physics
physics.optics Optics
physics.plasm-ph Plasma physics
physics.pop-ph Popular physics
physics.soc-ph Physics and society
physics.space-ph Space physics
q-bio.BM Biomolecules
q-bio.CB Cell behaviour
q-bio.GN Genomics
q-bio.MN Molecular networks
q-bio.NC Neurons and cognition
q-bio.OT Other biology
q-bio.PE Populations and evolution
q-bio.QM Quantitative methods
q-bio.SC Subcellular processes
q-bio.TO Tissues and organs
q-fin.CP Computational finance
q-fin.EC Economics
q-fin.GN General finance
q-fin.MF Mathematical finance
q-fin.PM Portfolio management
q-fin.PR Pricing of securities
q-fin.RM Risk management
q-fin.ST Statistical finance
q-fin.TR Trading
quant-ph Quantum physics
stat.AP Applied statistics
stat.CO Statistical computing
stat.ME Statistical methods
stat.ML Statistical machine learning
stat.OT Other statistics
stat.TH Statistics theory
math Mathematics
"""

NAMES = {code: name for code, _, name in (line.partition(" ") for line in _NAMES.strip().splitlines())}


def category_name(code: str) -> str:
    """Return what a category is called: its name where it is arXiv's, else the code itself."""
    return NAMES.get(code, code)


@dataclass(frozen=True, slots=True)
class Archive:
    """What stands before the dot of codes ("cs"), its categories by code, and how many papers they have."""

    name: str
    categories: tuple[tuple[str, int], ...]
    papers: int


def by_archive(counted: Sequence[tuple[str, int]]) -> list[Archive]:
    """Return categories with their papers by archive, the largest first; a paper counts in each of its categories."""
    archives: dict[str, list[tuple[str, int]]] = {}
    for code, papers in counted:
        archives.setdefault(code.partition(".")[0], []).append((code, papers))
    made = [Archive(name, tuple(group), sum(n for _, n in group)) for name, group in archives.items()]
    return sorted(made, key=lambda archive: -archive.papers)
