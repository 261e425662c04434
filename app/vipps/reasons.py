"""The reasons of a decision, in words for the person whose login it was.

They are gettext message ids, translated where they are shown, and may use `%(brand)s`. A test holds that
`matching.decide` gives no reason that is not here, and that none is here in vain.
"""

from .pages import N_

REASONS = {
    "subject_known": N_("You have logged in here with %(brand)s before."),
    "subject_unknown": N_("It is your first login here with %(brand)s."),
    "subject_is_yours": N_("This %(brand)s user is already connected to your account."),
    "subject_is_not_yours": N_("It was a different %(brand)s user from the one connected to your account."),
    "subject_opens_another_account": N_(
        "This %(brand)s user is connected to another account here, and can be connected to only one."
    ),
    "owner_asked_for_it": N_("You had just proved that the account is yours."),
    "email_verified_on_both_sides": N_("%(brand)s and we have both verified the same email address."),
    "email_not_confirmed_here": N_(
        "The email address is the same, but it was never confirmed here, so another person could have registered it."
    ),
    "email_does_not_match": N_("The email addresses are not the same."),
    "no_verified_email": N_("%(brand)s gave us no verified email address."),
    "phone_verified_on_both_sides": N_("%(brand)s and we have both verified the same phone number."),
    "phone_differs": N_("The phone numbers are not the same."),
    "name_agrees": N_("The names agree."),
    "name_differs": N_("The names differ, and an email address may have changed hands."),
    "number_changed_hands": N_(
        "An account here has the same phone number under another name: the number has changed hands."
    ),
    "number_moved_on": N_(
        "An account here has the same phone number, but the number no longer belongs to that account."
    ),
    "address_changed_hands": N_(
        "An account here has the same email address under another name: the address has changed hands."
    ),
    "address_not_confirmed_there": N_("An account here has the same email address, but never confirmed it."),
    "no_verified_value_in_common": N_(
        "An account here has the same number or address, but its owner never confirmed it."
    ),
    "several_match": N_("More than one account matches, and we don’t guess."),
    "account_has_other_subject": N_("The account is connected to another %(brand)s user."),
    "account_blocked": N_("The account is blocked."),
    "nothing_matches": N_("No account here is certainly yours."),
    "not_their_account": N_("You said that the matching account is another person’s."),
    "members_only": N_("Logging in does not create new accounts here."),
}
