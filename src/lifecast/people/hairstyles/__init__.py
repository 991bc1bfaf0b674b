"""Hair, beards and brows, grown in code: closed solids with the relief of locks."""
