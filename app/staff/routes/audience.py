"""The audience of a channel: its size, its first recipients, and all of them as files."""

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from app.about import SLUG
from app.customers.consents.channels import CHANNELS
from app.database import MAX_ID, begin_write, db, utcnow
from app.logging import log
from app.settings import settings_of_app
from app.staff import audit_log, export
from app.staff.audit_log import AuditAction
from app.staff.sessions import required_staff

CHOICES = [(channel, CHANNELS[channel].label) for channel in export.CHANNELS]

bp = Blueprint("audience", __name__)


@bp.before_request
def _refuse_without_consents() -> None:
    """Answer 404 in a shop without marketing consents, which has no audience."""
    if not settings_of_app().consents:
        abort(404)


@bp.get("/audience")
def page() -> ResponseReturnValue:
    """Choose a channel; show the size of its audience and the first recipients."""
    channel = request.args.get("channel", "")
    if channel not in export.CHANNELS:
        return render_template("staff/audience.html", channels=CHOICES, channel="", preview=None)
    staff = required_staff()
    begin_write()
    preview = export.preview(channel)
    audit_log.record(staff.staff_id, AuditAction.AUDIENCE, detail=f"{channel} {len(preview.first)}")
    db.session.commit()
    return render_template("staff/audience.html", channels=CHOICES, channel=channel, preview=preview)


@bp.post("/audience")
def download() -> ResponseReturnValue:
    """Download one file; a POST, because it adds an audit entry and a link must not trigger it."""
    channel, after = request.form.get("channel", ""), request.form.get("after", 0, type=int)
    if channel not in export.CHANNELS or not 0 <= after <= MAX_ID:
        abort(404)
    staff = required_staff()
    begin_write()
    rows = export.read(channel, after)
    audit_log.record(staff.staff_id, AuditAction.EXPORT, detail=f"{channel} {len(rows)}")
    db.session.commit()
    log.info("audience_exported", staff=staff.staff_id, channel=channel, people=len(rows))
    return _attached(export.as_csv(channel, rows), f"{SLUG}-{channel}-{utcnow():%Y-%m-%d}-{after}.csv")


def _attached(text: str, name: str) -> Response:
    response = Response(text, content_type="text/csv; charset=utf-8; header=present")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
