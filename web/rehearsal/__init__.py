"""The whole journey without a person: real server, real browsers' requests, real WebRTC peers, real signatures.

Nothing here reaches into the product: it signs in, reads pages, submits their forms, and joins by links as users do.
Called by `python3 -m web rehearse` and by the tests of the journeys.
"""
