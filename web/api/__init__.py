"""The interface for programs, /api/v1: the same use cases as the pages, in one transaction each, as JSON.

`problem etag idempotency paging tokens pace body` are the manners every address shares; `shapes*` say what goes in and
out; the routes stand in `units points meetings …`; `document` describes them in OpenAPI.  It decides nothing about
meetings and has no rule of its own: what a page refuses, it refuses.  Put into the application by `web/app.py`.
"""
