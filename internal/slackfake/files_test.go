package slackfake

import (
	"net/http"
	"strings"
	"testing"

	"github.com/slack-go/slack"
)

func TestAFileIsUploadedInThreeSteps(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{})
	dm, _, err := api.PostMessageContext(t.Context(), Patti, slack.MsgOptionText("the list", false))
	if err != nil {
		t.Fatal(err)
	}
	upload := func(announced int, content string) (string, error) {
		place, err := api.GetUploadURLExternalContext(t.Context(), slack.GetUploadURLExternalParameters{FileName: "R-1.csv", FileSize: announced})
		if err != nil {
			t.Fatal(err)
		}
		return place.FileID, api.UploadToURL(t.Context(), slack.UploadToURLParameters{UploadURL: place.UploadURL, Content: content, Filename: "R-1.csv"})
	}
	share := func(id, channel string) error {
		_, err := api.CompleteUploadExternalContext(t.Context(), slack.CompleteUploadExternalParameters{Files: []slack.FileSummary{{ID: id, Title: "R-1.csv"}}, Channel: channel})
		return err
	}
	id, err := upload(4, "a,b\n")
	if err != nil {
		t.Fatal(err)
	}
	if err := share(id, "C0NOSUCH01"); err == nil || err.Error() != "channel_not_found" {
		t.Errorf("into a channel that is not there: %v", err)
	}
	if err := share(id, dm); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{"again": share(id, dm), "unknown": share("F1", dm)} {
		if err == nil || err.Error() != "file_not_found" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for person, want := range map[string]int{Patti: 1, Megan: 0} {
		list, err := s.Messages(person)
		if err != nil {
			t.Fatal(err)
		}
		files := 0
		for _, m := range list {
			for _, f := range m.Files {
				if files++; f.Text != "a,b\n" || f.Name != "R-1.csv" {
					t.Errorf("the file is %+v", f)
				}
			}
		}
		if files != want {
			t.Errorf("%s sees %d files", person, files)
		}
	}
	if _, err := upload(5, "a,b\n"); err == nil {
		t.Error("a length that was not announced is taken")
	}
}

func TestFilesNeedTheirScope(t *testing.T) {
	t.Parallel()
	_, api, base := workspace(t, Config{Scopes: []string{"chat:write"}})
	_, err := api.GetUploadURLExternalContext(t.Context(), slack.GetUploadURLExternalParameters{FileName: "x", FileSize: 1})
	if err == nil || err.Error() != "missing_scope" {
		t.Errorf("without files:write: %v", err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/upload/v1/F1", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if _ = answer.Body.Close(); answer.StatusCode != http.StatusNotFound {
		t.Errorf("an upload that nobody announced: %d", answer.StatusCode)
	}
}
