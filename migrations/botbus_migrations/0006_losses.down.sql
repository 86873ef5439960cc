DROP TABLE bot_losses;
