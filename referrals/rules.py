"""The sentences of the rules that referrals keep in the database."""

from network.rules import SENTENCES, Sentence

SENTENCES |= {
    "referral_person_name_given": Sentence("Write the person’s name. “Not known yet” is a name too.", "person_name"),
    "referral_call_back_given": Sentence("Write a way to call back.", "call_back"),
    "referral_words_given": Sentence("Write what is happening, in the caller’s own words.", "words"),
    "untold_words_left_out": Sentence(
        "What a caller says is kept only when they know that the person can read it.", "told"
    ),
    "first_heard_not_in_future": Sentence("First heard cannot be in the future.", "first_heard_at"),
    "first_heard_long_ago_says_why": Sentence(
        "This is more than a day ago. Say why it is recorded only now.", "late_reason"
    ),
    "service_takes_no_public_referrals": Sentence("This team takes no referrals on this page. Please call."),
    "too_many_from_one_address": Sentence("Too many messages came from here in the last hour. Please call us instead."),
    "staff_take_calls": Sentence("Only staff can take a call."),
    "call_with_a_colleague": Sentence("This call was saved before, and a colleague looks after it now."),
    "referral_is_new": Sentence("This form was sent before by somebody else. Please open a new one."),
    "somebody_is_on_duty": Sentence("Nobody is on duty to take this. Please call."),
    "case_to_join_is_known": Sentence("That case cannot be joined. Choose again, or save as new.", "join_case"),
    "referral_has_a_clock": Sentence("Every referral has a clock of its own case."),
    "clock_goes_forward": Sentence("This clock has stopped for good."),
    "correction_says_why": Sentence("Say why the time is corrected.", "reason"),
    "corrected_not_in_future": Sentence("First heard cannot be in the future.", "corrected"),
    "met_after_first_heard": Sentence("They had met before that time already. First heard comes before.", "corrected"),
    "urgency_of_a_running_clock": Sentence("The clock has stopped. Its urgency stays.", "after"),
    "urgency_is_the_same": Sentence("That is the urgency already.", "after"),
    "lowering_says_why": Sentence("Say why it is less urgent.", "reason"),
    "one_running_clock_of_a_kind": Sentence("A clock of that kind runs already in this case.", "after"),
    "refusal_says_what_who_and_next": Sentence(
        "A refusal is not an end: say who declined what, what was offered, and the agreed next contact.", "declined_by"
    ),
    "contact_not_in_future": Sentence("This cannot be in the future.", "at"),
    "reply_after_first_heard": Sentence("A reply comes after the clock began. Put the time right.", "at"),
    "one_of_the_answers_timer": Sentence("Choose one of the answers offered.", "after"),
    "one_of_the_answers_referral": Sentence("Choose one of the answers offered."),
    "one_of_the_answers_contact": Sentence("Choose one of the answers offered.", "kind"),
    "one_of_the_answers_closure": Sentence("Choose one of the answers offered.", "code"),
    "referrals_contact_uuid_key": Sentence("These words were sent already."),
    "case_changed_hands": Sentence("Somebody else has this case by now. Look who, then take it over if that is right."),
    "owner_works_here": Sentence("Choose somebody who works here.", "after"),
    "hands_over_before_leaving": Sentence("Hand over their cases, the duty and their turns before they leave."),
    "case_is_open": Sentence("This case is closed. A later call opens a new one in the same network."),
    "closure_says_why": Sentence("Say why the case is closed.", "reason"),
    "closure_without_meeting_complete": Sentence(
        "Closing without a meeting needs the offers made, a second name of staff, and word to the person and to the caller.",
        "offers",
    ),
    "closure_two_names": Sentence("The second name is somebody else than you.", "second_staff"),
    "running_clock_is_not_closed_together": Sentence("A clock is still running: nobody has met yet.", "kind"),
    "referrals_caseclosure_case_id_key": Sentence("This case is closed already, and stays so."),
    "closed_stays_closed": Sentence("This case is closed, and stays so."),
    "case_closes_with_its_reason": Sentence("A case closes only with its reason."),
    "closed_together_with_the_person": Sentence(
        "Choose a meeting of this case in which the person was present.", "decided_in"
    ),
    "closed_with_no_meeting_booked": Sentence("A meeting is still booked or going on. Cancel or close it first."),
    "watch_is_open": Sentence("This is over: nothing waits any more."),
    "plan_tells_before_the_deadline": Sentence("At least one step has to come before the deadline.", "steps"),
    "plan_of_twenty_steps": Sentence("Twenty steps are enough.", "steps"),
    "plan_hours_fit_subject": Sentence("Say within how many hours, up to 60 days.", "hours"),
    "plan_hold_within_a_week": Sentence("“I have it” holds for 15 minutes to a week.", "hold_minutes"),
    "step_has_one_moment": Sentence(
        "Each step comes at a share of the time, or so many minutes before or after the deadline: one of both.", "steps"
    ),
    "step_whom_in_words": Sentence("Choose whom a step tells.", "steps"),
    "step_has_a_channel": Sentence("Choose by which way a step tells.", "steps"),
    "step_waits_five_minutes": Sentence("A step waits five minutes to 30 days for “I have it”.", "steps"),
    "one_coordinator_on_duty": Sentence("Somebody else is on duty then.", "begin"),
    "one_clinician_on_call": Sentence("Somebody else is on call then.", "begin"),
    "turn_of_somebody_who_may": Sentence(
        "Only a coordinator or lead is on duty, and only a clinician on call, and only who works here.", "staff"
    ),
    "turn_has_begin_and_end": Sentence("A turn ends after it begins.", "end"),
    "turn_role_in_words": Sentence("Choose which duty.", "role"),
    "turn_still_to_come": Sentence("This is over, and stays as it was.", "begin"),
    "turn_swapped_meanwhile": Sentence("This turn was swapped meanwhile. Please look again."),
    "turn_is_covered": Sentence("Find somebody for the whole turn, or ask a coordinator.", "end"),
}
