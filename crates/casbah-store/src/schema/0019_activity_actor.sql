-- The app that the actor's account is of, which need not be the app of the activity: in all
-- apps of Microsoft 365 people act by their accounts of one. Until now those are the only
-- ones that events came from.
ALTER TABLE activity ADD COLUMN actor_saas BIGINT;
UPDATE activity SET actor_saas = 11161 WHERE actor_id IS NOT NULL;
