DROP TABLE daemon_starts;
DROP TABLE bot_recalls;
DROP TABLE bot_deliveries;
DROP TABLE bot_subscriptions;
DROP TABLE bot_channels;
DROP TABLE bot_messages;
DROP TABLE bots;
