"""Addresses of referrals."""

from django.urls import path

from referrals import views, views_clock, views_plans, views_rota, views_trail

urlpatterns = [
    path("duty/", views_rota.duty, name="duty"),
    path("on-call/", views_rota.on_call, name="on_call"),
    path("on-call/<uuid:turn>/swap/", views_rota.swap, name="swap_turn"),
    path("on-call/<uuid:turn>/take-out/", views_rota.take_out, name="take_out_turn"),
    path("escalation/", views_plans.plans, name="plans"),
    path("escalation/<uuid:plan>/", views_plans.change_plan, name="change_plan"),
    path("board/", views.board, name="board"),
    path("clock/", views_clock.watch, name="clock_watch"),
    path("board/rows/", views.board_rows, name="board_rows"),
    path("referrals/new/", views.take_call, name="take_call"),
    path("referrals/similar/", views.similar_cases, name="similar_cases"),
    path("refer/", views.refer_where, name="refer"),
    path("refer/<slug:slug>/", views.refer, name="refer"),
    path("refer/thanks/<slug:slug>/", views.refer_thanks, name="refer_thanks"),
    path("cases/<uuid:case>/contacts/new/", views.log_contact, name="log_contact"),
    path("cases/<uuid:case>/first-heard/", views.correct_first_heard, name="correct_first_heard"),
    path("cases/<uuid:case>/urgency/", views.change_urgency, name="change_urgency"),
    path("cases/<uuid:case>/take/", views.take_case, name="take_case"),
    path("cases/<uuid:case>/take-over/", views.take_over, name="take_over"),
    path("cases/<uuid:case>/hand-over/", views.hand_over, name="hand_over"),
    path("cases/<uuid:case>/told/<uuid:referral>/", views.caller_told, name="caller_told"),
    path("cases/<uuid:case>/trail/", views_trail.trail, name="trail"),
    path("cases/<uuid:case>/close/", views.close_case, name="close_case"),
    path("waiting/<uuid:watch>/", views_clock.waiting, name="waiting"),
]
