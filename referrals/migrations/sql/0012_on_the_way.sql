-- The board says that a team is on the way to where there is no signal. Meetings know that, and keep it on the case.
DROP TRIGGER stays ON referrals_case;
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON referrals_case FOR EACH ROW EXECUTE FUNCTION od.stays_as_written(
  'owner_id', 'taken_at', 'closed_at', 'due_at', 'to_be_told', 'last_contact_id', 'team_size', 'next_meeting_at', 'meeting_fell_through',
  'unanswered', 'open_exceptions', 'wish_waiting_since', 'on_the_way_since');
