"""Who asks, who answers, who checks, who publishes."""

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from questionnaires.load import DEFINITIONS
from survey_app import assets, i18n, security
from survey_app.catalogue import KeptCatalogue
from survey_app.config import ROOT, Config
from survey_app.db import Database
from survey_app.services.wording.prompts import Prompts
from survey_app.services.wording.reviews import Reviews
from survey_app.web import (
    access_log,
    admin,
    api,
    api_codes,
    api_dossiers,
    audio,
    citizen,
    coded,
    kiosk,
    official,
    privacy,
    public,
    surveyor,
)


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
    if config.behind_proxy:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=0)  # type: ignore[method-assign]
    app.extensions["config"] = config
    app.extensions["database"] = Database(config.database_url)
    reviews = Reviews(config.reviews)
    app.extensions["reviews"] = reviews
    app.extensions["catalogue"] = KeptCatalogue(reviews=reviews)
    app.extensions["prompts"] = Prompts(DEFINITIONS, config.audio)
    access_log.init_app(app, config.access_log)
    assets.init_app(app)
    i18n.init_app(app)
    security.init_app(app)
    machines = (api.bp, api_codes.bp, api_dossiers.bp)
    people = (citizen.bp, coded.bp, kiosk.bp, official.bp, privacy.bp, public.bp, audio.bp)
    for blueprint in (*people, surveyor.bp, admin.bp, *machines):
        app.register_blueprint(blueprint)
    for blueprint in machines:
        security.csrf.exempt(blueprint)  # each request is signed with a token, no cookie counts
    by_script = (kiosk.submit, kiosk.contact, kiosk.unlock, kiosk.leave, surveyor.enrol)
    for view in by_script:
        security.csrf.exempt(view)  # a cached page has no token: another sign counts
    return app
