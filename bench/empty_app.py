"""An application with one empty route: what the server and the framework cost by themselves."""

from fastapi import FastAPI

from luban.eventkit.settings import Settings


def create(_: Settings) -> FastAPI:
    """The application."""
    app = FastAPI()

    @app.get("/empty")
    async def empty() -> dict[str, str]:
        return {}

    return app
