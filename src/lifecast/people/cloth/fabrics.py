"""What cloth is made of: weight, stiffness, friction and thickness of nine fabrics, in SI units.

Orders of magnitude are those of the Kawabata measurements of apparel fabrics (tensile, shear and bending) and of
Wang, O'Brien and Ramamoorthi, "Data-driven elastic models for cloth" (SIGGRAPH 2011).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fabric:
    """The mechanics of one cloth."""

    density: float
    """Mass of a square metre, kg."""
    stretch: float
    """Young's modulus times thickness along the grain and across it, N/m."""
    shear: float
    """The same at 45 degrees to the grain (on the bias), N/m."""
    bending: float
    """Bending rigidity, N m: what an edge of 1 m asks for a curvature of 1/m."""
    give: float
    """Share by which the cloth stretches before it stretches no further."""
    friction: float
    """Coulomb's coefficient against skin and other cloth."""
    thickness: float
    """Metres from the layer beneath to the middle of this one."""


FABRICS: dict[str, Fabric] = {
    "jersey": Fabric(0.18, 60, 25, 3e-6, 0.05, 0.35, 0.0015),
    "cotton": Fabric(0.15, 250, 40, 6e-6, 0.02, 0.4, 0.0015),
    "linen": Fabric(0.19, 300, 50, 1e-5, 0.02, 0.4, 0.0018),
    "silk": Fabric(0.08, 200, 20, 1.2e-6, 0.02, 0.2, 0.001),
    "denim": Fabric(0.4, 700, 120, 3e-5, 0.015, 0.45, 0.0025),
    "wool": Fabric(0.3, 200, 40, 1.5e-5, 0.03, 0.4, 0.003),
    "knit": Fabric(0.35, 40, 20, 1e-5, 0.1, 0.5, 0.004),
    "leather": Fabric(0.6, 900, 300, 8e-5, 0.01, 0.45, 0.003),
    "puffer": Fabric(0.25, 250, 60, 3e-5, 0.02, 0.3, 0.008),
}
"""The fabrics by name."""
