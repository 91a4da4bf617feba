"""The record: who meets, under which rules, and what happened.  Imports nobody of ours.

Read `meeting.py`, then `service.py`, then `store/tables.py` (the constraints that repeat the rules).
"""
