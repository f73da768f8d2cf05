package bot

import (
	"context"
	"fmt"

	"github.com/slack-go/slack"
)

// FileSource gives the contents of a file by the key that a message's body has for it, at the time when it is sent; a refusal is why it
// is not to be sent any more.
type FileSource func(ctx context.Context, key string) (content []byte, refusal string, err error)

// attachment is a file that belongs to a message.
type attachment struct {
	Name string `json:"name"`
	Key  string `json:"key"`
}

// showFile posts the message, which also opens the DM of a person, and then its file behind it. If the process dies between Slack's
// answer and the record, the file is sent again: twice is better than never.
func (d *Deliverer) showFile(ctx context.Context, m *outMessage, b body) error {
	if m.ts == "" {
		if err := d.post(ctx, m, body{Text: b.Text}, false); err != nil {
			return err
		}
	}
	content, refusal, err := d.files(ctx, b.File.Key)
	switch {
	case err != nil:
		return fmt.Errorf("read the file %s: %w", b.File.Key, err)
	case refusal != "":
		return &Error{Method: "files.completeUploadExternal", Code: refusal, Verdict: Refused}
	}
	if err := d.upload(ctx, m.channel, b.File.Name, content); err != nil {
		return err
	}
	return d.outbox.Posted(ctx, m.id, m.version, m.channel, m.ts, true)
}

// upload shares a file in a channel (docs.slack.dev/messaging/working-with-files#uploading_files).
func (d *Deliverer) upload(ctx context.Context, channel, name string, content []byte) error {
	place, err := d.api.now(ctx).GetUploadURLExternalContext(ctx, slack.GetUploadURLExternalParameters{FileName: name, FileSize: len(content)})
	if err != nil {
		return about(channel, classify("files.getUploadURLExternal", err))
	}
	err = d.api.now(ctx).UploadToURL(ctx, slack.UploadToURLParameters{UploadURL: place.UploadURL, Content: string(content), Filename: name})
	if err != nil {
		return about(channel, classify("upload_url", err))
	}
	_, err = d.api.now(ctx).CompleteUploadExternalContext(ctx, slack.CompleteUploadExternalParameters{
		Files: []slack.FileSummary{{ID: place.FileID, Title: name}}, Channel: channel,
	})
	return about(channel, classify("files.completeUploadExternal", err))
}
