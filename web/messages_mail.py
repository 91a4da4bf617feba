"""What the error codes of mail, invitations and feeds say to a person.  Only texts; see `messages.py`."""

from __future__ import annotations

from web.i18n import N_

TEXTS: dict[str, str] = {
    "reach.email": N_("Địa chỉ thư không đúng. Nhập như ten@tinh.gov.vn."),
    "reach.phone": N_("Số điện thoại không đúng. Nhập như 0912 345 678 hoặc +84 912 345 678."),
}
