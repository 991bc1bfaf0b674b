"""Hair, beards and brows, grown in code: closed solids with the relief of locks.

`choice.dress_head` draws and makes all that is on a head. A hairstyle (`style.Style`, drawn by `catalogue.STYLES`) is a
cap that thickens the scalp, sets of locks that grow from it (`growth`, `locks`), and tresses at ties (`tresses`).
"""
