"""Every route of the service."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import RedirectView, TemplateView

from incidents_project.health import livez, readyz
from incidents_project.http.problem import no_such_path
from incidents_project.openapi import docs, schema

urlpatterns = [
    path("v1/", include("incidents.api.urls")),  # first: most requests are for it
    path("", csrf_exempt(TemplateView.as_view(template_name="home.html")), name="home"),
    path("livez", livez, name="livez"),
    path("readyz", readyz, name="readyz"),
    path("favicon.ico", RedirectView.as_view(url="/static/incidents_project/icon.svg")),
    path("admin", RedirectView.as_view(url="/admin/")),
    path("docs", csrf_exempt(docs), name="docs"),
    path("v1/schema", schema, name="schema"),
    path("admin/", admin.site.urls),
    re_path("", no_such_path),  # also under DEBUG, where Django would answer a page
]

handler400 = "incidents_project.error_pages.bad_request"
handler403 = "incidents_project.error_pages.permission_denied"
handler404 = "incidents_project.error_pages.not_found"
handler500 = "incidents_project.error_pages.server_error"
