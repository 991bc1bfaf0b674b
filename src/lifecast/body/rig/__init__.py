"""The rig: what of a surface each joint of the body moves, webs cut, and other poses."""
