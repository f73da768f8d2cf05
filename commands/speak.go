package commands

import (
	"context"
	"strings"

	"mailback/bot"
	"mailback/recovery"
)

// speak answers the language command, in the language that was chosen.
func (h *Handlers) speak(ctx context.Context, who recovery.Actor, command languageCommand) bot.Reply {
	if command.Code == "" {
		return answer(h.words.say("language.which", h.words.languageList()))
	}
	if err := h.service.Speak(ctx, who, command.Code); err != nil {
		h.log.ErrorContext(ctx, "language not kept", "user", who.UserID, "error", err)
		return answer(h.words.say("nothing-recorded"))
	}
	return answer(wordsIn(command.Code).say("language.chosen"))
}

// languageList names the languages as they are typed.
func (w words) languageList() markup {
	var list []string
	for _, l := range languages() {
		list = append(list, string(w.say("language.choice", l.name, l.code)))
	}
	return markup(strings.Join(list, ", "))
}
