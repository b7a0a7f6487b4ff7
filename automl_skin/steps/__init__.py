"""One module a step of the main job; the only room that sees every layer below it."""
