-- A billing run reads the items of many subscriptions at once.
CREATE INDEX subscription_item_subscription ON subscription_item (subscription_id);
