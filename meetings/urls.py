"""Addresses of meetings."""

from django.urls import URLPattern, path

from meetings.views import booking, cases, entries, fidelity, looking, members, my, notes, record, takeaway

urlpatterns: list[URLPattern] = [
    path("", cases.home, name="home"),
    # cases, their team and their members
    path("cases/<uuid:case>/", cases.case, name="case"),
    path("cases/<uuid:case>/team/", cases.team, name="team"),
    path("cases/<uuid:case>/members/new/", members.member_new, name="member_new"),
    path("cases/<uuid:case>/members/<uuid:member>/", members.member, name="member"),
    path("cases/<uuid:case>/exceptions/new/", cases.exception_new, name="exception_new"),
    path("cases/<uuid:case>/meetings/new/", booking.book, name="book"),
    # meetings before they start
    path("meetings/", booking.meetings, name="meetings"),
    path("meetings/<uuid:meeting>/", booking.meeting, name="meeting"),
    path("meetings/<uuid:meeting>/move/", booking.move, name="move"),
    path("meetings/<uuid:meeting>/cancel/", booking.cancel, name="cancel"),
    path("meetings/<uuid:meeting>/staff/", booking.meeting_staff, name="meeting_staff"),
    path("meetings/<uuid:meeting>/invite/", booking.invite, name="invite"),
    path("meetings/<uuid:meeting>/told/<uuid:invitation>/", booking.told, name="told"),
    path("meetings/<uuid:meeting>/answer/<uuid:invitation>/", booking.answer, name="answer"),
    # notes, and everybody's own page
    path("notes/<uuid:meeting>/", notes.note, name="note"),
    path("notes/<uuid:meeting>/pdf/", notes.note_pdf, name="note_pdf"),
    path("notes/<uuid:meeting>/add/", notes.note_add, name="note_add"),
    path("notes/<uuid:meeting>/add/<uuid:line>/", notes.note_add, name="note_add"),
    path("notes/<uuid:meeting>/seen/<uuid:line>/", notes.late_line_seen, name="late_line_seen"),
    path("notes/<uuid:meeting>/share/", notes.note_share, name="note_share"),
    path("my/", my.my, name="my"),
    path("my/readers/", my.readers, name="readers"),
    path("my/readers/<uuid:member>/", my.reader, name="reader"),
    path("my/readings/", my.readings, name="readings"),
    path("sees/<uuid:member>/", looking.my_as_member, name="my_as_member"),
    path("sees/<uuid:member>/<uuid:meeting>/", looking.note_as_member, name="note_as_member"),
    path("my/everything/", takeaway.take_along, name="take_along"),
    path("my/everything/pdf/", takeaway.everything_pdf, name="everything_pdf"),
    path("my/everything/json/", takeaway.everything_json, name="everything_json"),
    path("my/join/", my.join, name="join"),
    path("my/wish/", my.wish, name="wish"),
    path("my/messages/", my.how_messages_reach_me, name="how_messages_reach_me"),
    # recording a meeting
    path("meetings/<uuid:meeting>/record/", record.record, name="record"),
    path("meetings/<uuid:meeting>/record/arrive/", record.record_arrive, name="record_arrive"),
    path("meetings/<uuid:meeting>/record/leave/", record.record_leave, name="record_leave"),
    path("meetings/<uuid:meeting>/record/mistake/", record.record_mistake, name="record_mistake"),
    path("meetings/<uuid:meeting>/record/guest/", record.record_guest, name="record_guest"),
    path("meetings/<uuid:meeting>/record/entries/", entries.record_entries, name="record_entries"),
    path("on-this-device/", entries.on_this_device, name="on_this_device"),
    path("meetings/<uuid:meeting>/record/lines/", record.record_lines, name="record_lines"),
    path("meetings/<uuid:meeting>/record/lines/<uuid:line>/change/", record.record_change, name="record_change"),
    path("meetings/<uuid:meeting>/record/news/", record.record_news, name="record_news"),
    path("meetings/<uuid:meeting>/record/confirm/<uuid:line>/", record.record_confirm, name="record_confirm"),
    path("meetings/<uuid:meeting>/record/take-up/<uuid:exception>/", record.record_take_up, name="record_take_up"),
    path("meetings/<uuid:meeting>/record/read-back/", record.record_read_back, name="record_read_back"),
    path("meetings/<uuid:meeting>/record/close/", record.record_close, name="record_close"),
    path("cases/<uuid:case>/meetings/afterwards/", record.enter_afterwards, name="enter_afterwards"),
    # what the records say about the service
    path("fidelity/", fidelity.fidelity, name="fidelity"),
]
