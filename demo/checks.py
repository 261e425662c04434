"""Tell by `flask doctor` whether accounts of the demo are in the database of a real shop."""

from sqlalchemy import func, select

from app.customers.models import Customer
from app.database import db
from app.doctor.findings import CheckOutcome, check, ok, skipped, warning
from app.settings import settings_of_app
from app.staff.models import Staff
from demo.staff import DEMO_EMAIL
from samples.customers import CUSTOMERS


@check("No account has a published password")
def demo_accounts() -> CheckOutcome:
    """Count the demo's accounts. Outside of the demo their published password is refused (ASVS 6.3.2)."""
    if settings_of_app().in_demo:
        said = "The demo’s accounts have one; its pages show it. With DEMO=0 it is refused."
        return skipped(said)
    samples = Customer.email.in_(row.email for row in CUSTOMERS)
    count = sum(
        db.session.scalar(select(func.count()).select_from(table).where(which)) or 0
        for table, which in ((Customer, samples), (Staff, Staff.email == DEMO_EMAIL))
    )
    if not count:
        return ok("No account of the demo is in the database.")
    said = f"{count} accounts of the demo are in the database. Their published password is refused."
    advice = "Give the shop a database of its own, or erase each: flask --app wsgi erase NUMBER"
    return warning(said, advice)
