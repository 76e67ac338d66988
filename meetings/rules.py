"""The sentences of the rules that meetings keep in the database."""

from network.rules import SENTENCES, Sentence

SENTENCES |= {
    "staff_not_in_two_places": Sentence(
        "One of the team has another meeting, or is on the way to one, at that time. Choose another time.", "starts_at"
    ),
    "meeting_staff_once": Sentence("They come to this meeting already.", "staff"),
    "meeting_ends_after_start": Sentence("A meeting ends after it starts, within eight hours.", "minutes"),
    "meeting_travel_within_ten_hours": Sentence("Travel is ten hours at most.", "travel_minutes"),
    "meeting_elsewhere_says_where": Sentence("Write where to meet.", "address"),
    "meeting_goes_forward": Sentence("This meeting has gone on already."),
    "meeting_not_in_future": Sentence("This time is still to come.", "started_at"),
    "meeting_closed_after_start": Sentence("A meeting ends after it has started.", "closed_at"),
    "cancelling_says_why": Sentence("Say why the meeting is cancelled.", "cancelled_reason"),
    "entered_afterwards_says_why": Sentence("Say why it was not recorded in the room.", "entered_why"),
    "invited_by_the_persons_word": Sentence(
        "Only whom the person wants is invited. Ask the person first, and write down their word.", "members"
    ),
    "invitation_by_whose_word": Sentence("Say by whose word they are invited.", "word"),
    "invited_once": Sentence("They are invited already.", "members"),
    "person_is_always_asked": Sentence("The person is always asked.", "members"),
    "answers_for_themselves": Sentence("Each one answers for themselves."),
    "no_longer_asked": Sentence("They are no longer asked to this meeting. To ask again, invite them anew."),
    "meetings_meeting_uuid_key": Sentence("This form was sent before. Please open it anew."),
    "meetings_decidedwithout_uuid_key": Sentence("This form was sent before. Please open it anew."),
    "network_member_uuid_key": Sentence("This form was sent before. Please open it anew."),
    "meeting_keeps_somebody": Sentence(
        "Nobody else of the service comes to one of their meetings. Say who comes instead.", "meetings_to"
    ),
    "somebody_comes": Sentence("Somebody of the team has to come.", "staff"),
    "meeting_is_not_over": Sentence("This meeting is over or cancelled. Who comes can no longer change."),
    "booked_ahead": Sentence("This time has passed. Choose a time to come.", "starts_at"),
    "moved_meanwhile": Sentence("Somebody else changed this meeting just now. Look at it as it is, and try again."),
    "brought_to_a_meeting_to_come": Sentence("Choose a meeting that is still to come.", "bring_to"),
    "same_person_of_one_name": Sentence(
        "These two cannot be made one: they have different names, sign in themselves, or are of the network no more."
    ),
    "member_leaves_with_reason": Sentence("Say why they leave.", "left_reason"),
    "answer_before_the_meeting": Sentence("This meeting is over or cancelled. It takes no more answers."),
    "meeting_has_started": Sentence("This meeting has not started yet."),
    "meeting_was_cancelled": Sentence(
        "This meeting was cancelled at the service. Tap who is here, and it is held all the same."
    ),
    "meeting_is_going_on": Sentence("This meeting is not going on. Nobody can arrive or leave now."),
    "arrival_not_in_future": Sentence("Nobody can have arrived in the future.", "arrived_at"),
    "leaves_not_in_future": Sentence("Nobody can have left in the future.", "left_at"),
    "leaves_after_arriving": Sentence("Leaving comes after arriving.", "left_at"),
    "member_present_once": Sentence("They are in the room already."),
    "staff_present_once": Sentence("They are in the room already."),
    "line_says_something": Sentence("Write something first.", "text"),
    "voice_is_attributed": Sentence("Say whose words these are.", "voice"),
    "action_says_who_when_and_who_looks_after": Sentence(
        "An action says who, by when, and who looks after it.", "action_who"
    ),
    "said_not_in_future": Sentence("This time is still to come.", "said_at"),
    "replaced_before_the_close": Sentence("What was read back stays. Add to it beside the text.", "text"),
    "choice_keeps_the_words": Sentence("A choice keeps the words as they were written. Choose one of the versions."),
    "left_is_told_after_the_close": Sentence("While the meeting goes on, tap the name of whoever leaves."),
    "entered_afterwards_waits": Sentence(
        "A decision entered afterwards waits until the person agrees to it in a meeting."
    ),
    "only_afterwards_waits": Sentence("Only a meeting entered afterwards has decisions that wait."),
    "decision_in_a_meeting": Sentence("This was outside the meeting. Decisions belong into it."),
    "decision_with_the_person": Sentence("The person was not in the room. Decisions wait until they are back."),
    "confirmed_in_a_later_meeting": Sentence("It waits for the next meeting with the person."),
    "confirmed_by_the_person_in_a_meeting": Sentence(
        "Only in a meeting that is going on, with the person in the room."
    ),
    "recorded_by_those_who_came": Sentence("Only the team, or who covers this meeting, writes its record."),
    "close_reads_back_all": Sentence("Something was written after you read back. Read that back too.", "read_back"),
    "meetings_line_uuid_key": Sentence("These words are kept already, in another place."),
    "meetings_presence_uuid_key": Sentence("This is kept already, in another place."),
    "meetings_presence_left_uuid_key": Sentence("This is kept already, in another place."),
    "only_lines_of_the_meeting": Sentence(
        "This meeting is closed, and you came to it for that day. Only what was said in it is still taken."
    ),
    "who_comes_has_changed": Sentence(
        "Somebody else was to come, or nobody, as the service has it. Give these words to the team, who can write them down."
    ),
    # Said of what was sealed on a device: it stays there.
    "sealed_by_its_author": Sentence("Somebody else wrote this. It goes out when they sign in on this device."),
    "sealed_for_its_meeting": Sentence("This was written in another meeting, and is not taken into this one."),
    "sealed_to_a_known_key": Sentence(
        "The service no longer has the key this was sealed to. Keep this device, and tell those who run the service: nothing is lost yet."
    ),
    "sealed_as_written": Sentence(
        "This is not as it was when it was sealed, and cannot be opened. Keep this device, and tell those who run the service."
    ),
    "close_says_who_was_there": Sentence("Say first who was there."),
    "close_reads_back": Sentence("Read back to each one who was there, and write down what they said.", "read_back"),
    "close_says_next_and_night": Sentence(
        "Say when you meet next, or who decided that there is no next meeting; and whom to call at night."
    ),
    "next_meeting_is_booked": Sentence("Choose a booked meeting of this network.", "next_meeting"),
    "differs_in_own_words": Sentence("Write in their words what they see differently.", "words"),
    "read_back_to_those_present": Sentence("They were not at this meeting."),
    "addendum_after_the_close": Sentence("The meeting is still going on. Say it in the room."),
    "addendum_says_something": Sentence("Write something first.", "text"),
    "kept_back_by_one": Sentence("Each one keeps back in their own name."),
    "kept_back_once": Sentence("You keep this back already."),
    "kept_back_by_whose_words": Sentence("Only the person, or the one whose words these are, keeps them back."),
    "kept_back_as_it_stands": Sentence("These words were changed just now. Look at them as they are, and try again."),
    "out_of_sight_one_thing": Sentence("Choose the words that are meant."),
    "out_of_sight_says_why": Sentence("Say why, without repeating the words.", "reason"),
    "out_of_sight_repeats_nothing": Sentence("This repeats the words themselves. Say why without them.", "reason"),
    "out_of_sight_after_the_close": Sentence("The meeting is still going on. Close it first."),
    "out_of_sight_asked_once": Sentence("Somebody has asked for this already. It waits for a second person."),
    "out_of_sight_by_two_people": Sentence("It takes two people. Somebody else has to confirm."),
    "out_of_sight_in_own_name": Sentence("Each one confirms in their own name."),
    "out_of_sight_within_three_days": Sentence(
        "The three days are over, and the words stay. Ask anew if they must go."
    ),
    "out_of_sight_with_the_team": Sentence("One of the two has to be of the team, or lead the service."),
    "one_of_the_answers_out_of_sight": Sentence("Choose one of the reasons.", "why"),
    "to_bring_says_something": Sentence("Write something first.", "text"),
    "meetings_tobring_uuid_key": Sentence("These words were saved already."),
    "late_line_seen_by_the_person": Sentence("Only the person says that they have read a line that came late."),
    "meetings_addendum_uuid_key": Sentence("These words were saved already."),
    "share_names_its_witness": Sentence("Say who was there when the person gave their word.", "witness"),
    "share_lasts_until_a_time_to_come": Sentence("This day has passed.", "until"),
    "shared_once": Sentence("They may read it already."),
    "closed_with_nothing_unsaid": Sentence(
        "Something was decided without the person and has not been talked about together. Take it up in a meeting first.",
        "kind",
    ),
    "exception_says_what": Sentence("Write what was decided.", "text"),
    "exception_says_who": Sentence("Write who decided it.", "decided_by"),
    "exception_says_why": Sentence("Write why it could not wait.", "why"),
    "exception_not_in_future": Sentence("This cannot be in the future.", "decided_at"),
    "taken_up_with_the_person": Sentence("Only in a meeting that is going on, with the person in the room."),
    "taken_up_in_a_meeting_with_words": Sentence("Write what was said about it.", "taken_up_words"),
    "team_change_says_why": Sentence("Say why the team changes, and in which meeting it was decided.", "reason"),
    "team_change_made_in_a_meeting": Sentence(
        "Choose the meeting it was decided in, or say why it could not wait for one.", "why_outside"
    ),
    "team_change_changes_somebody": Sentence("Choose who joins or who leaves.", "joined"),
    "one_of_the_answers_line": Sentence("Choose one of the answers offered.", "kind"),
    "one_of_the_answers_meeting": Sentence("Choose one of the answers offered.", "place"),
    "one_of_the_answers_invitation": Sentence("Choose one of the answers offered.", "answer"),
    "one_of_the_answers_read_back": Sentence("Choose one of the answers offered.", "answer"),
    "one_of_the_answers_addendum": Sentence("Choose one of the answers offered.", "kind"),
    "one_of_the_answers_told": Sentence("Say how they were told.", "how"),
    "told_once": Sentence("They have been told already."),
    "on_the_way_before_it_starts": Sentence(
        "This is said before a meeting begins. This one has begun, or does not take place."
    ),
    "on_the_way_within_hours": Sentence(
        "Say this when you set off: from six hours before the meeting to six hours after."
    ),
    "on_the_way_said_once": Sentence("This stands there already."),
    "one_of_the_answers_share": Sentence("Choose one of the answers offered.", "how"),
}
