"""The media server (SFU) of the product: a process of its own that forwards RTP without decoding it.

Start it with ``python -m media``; talk to it with ``media.control.MediaClient``.  Imports nobody of our other packages.
"""
