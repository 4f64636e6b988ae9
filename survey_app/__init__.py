"""Who asks, who answers, who checks, who publishes."""

from flask import Flask

from survey_app import i18n, security
from survey_app.catalogue import KeptCatalogue
from survey_app.config import ROOT, Config
from survey_app.db import Database
from survey_app.web import admin, api, citizen, official, public


def create_app(config: Config) -> Flask:
    """Build the web application of one installation; it holds no state of its own."""
    app = Flask(__name__, static_folder=ROOT / "static")
    app.config.update(
        SECRET_KEY=config.secret_key,
        MAX_CONTENT_LENGTH=config.max_body,
        SESSION_COOKIE_NAME="csrf",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.secure_cookies,
        WTF_CSRF_TIME_LIMIT=None,  # a kiosk or a phone may lie for hours
    )
    app.extensions["config"] = config
    app.extensions["database"] = Database(config.database_url)
    app.extensions["catalogue"] = KeptCatalogue()
    i18n.init_app(app)
    security.init_app(app)
    for blueprint in (public.bp, citizen.bp, official.bp, api.bp, admin.bp):
        app.register_blueprint(blueprint)
    security.csrf.exempt(api.bp)  # devices sign each request with their token, no cookie counts
    return app
