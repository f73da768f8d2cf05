package slackfake

import (
	"encoding/json"
	"testing"
)

func TestEnter(t *testing.T) {
	t.Parallel()
	grouped := `"option_groups":[{"label":{"type":"plain_text","text":"g"},"options":[{"text":{"type":"plain_text","text":"One"},"value":"1"}]}]`
	for _, tt := range []struct{ element, given, want string }{
		{`{"type":"plain_text_input"}`, `{"type":"plain_text_input","value":"x"}`, `{"type":"plain_text_input","value":"x"}`},
		{`{"type":"plain_text_input"}`, `null`, `{"type":"plain_text_input","value":null}`},
		{`{"type":"number_input"}`, `12`, `{"type":"number_input","value":"12"}`},
		{
			`{"type":"static_select",` + grouped + `}`, `{"selected_option":{"value":"1"}}`,
			`{"selected_option":{"text":{"text":"One","type":"plain_text"},"value":"1"},"type":"static_select"}`,
		},
		{
			`{"type":"static_select",` + grouped + `}`, `"One"`,
			`{"selected_option":{"text":{"text":"One","type":"plain_text"},"value":"1"},"type":"static_select"}`,
		},
		{`{"type":"multi_users_select"}`, `{"selected_users":["U1","U2"]}`, `{"selected_users":["U1","U2"],"type":"multi_users_select"}`},
		{`{"type":"checkboxes","options":[]}`, `[]`, `{"selected_options":[],"type":"checkboxes"}`},
		{`{"type":"timepicker"}`, `{"selected_time":"09:30"}`, `{"selected_time":"09:30","type":"timepicker"}`},
		{`{"type":"datetimepicker"}`, `{"selected_date_time":1795338000}`, `{"selected_date_time":1795338000,"type":"datetimepicker"}`},
		{`{"type":"timepicker"}`, `"25:00"`, ""},
		{`{"type":"datetimepicker"}`, `"noon"`, ""},
		{`{"type":"static_select",` + grouped + `}`, `"2"`, ""},
		{`{"type":"datepicker"}`, `["2026-11-22","2026-11-23"]`, ""},
		{`{"type":"button"}`, `"x"`, ""},
		{`{"type":"plain_text_input"}`, `{"text":"x"}`, ""},
	} {
		var element map[string]any
		var given any
		if err := json.Unmarshal([]byte(tt.element), &element); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(tt.given), &given); err != nil {
			t.Fatal(err)
		}
		texts, err := textsOf(given)
		var state map[string]any
		if err == nil {
			state, err = enter(element, texts)
		}
		if err != nil {
			if tt.want != "" {
				t.Errorf("%s given %s: %v", tt.element, tt.given, err)
			}
			continue
		}
		if got := string(must(json.Marshal(state))(t)); got != tt.want {
			t.Errorf("%s given %s became %s, want %q", tt.element, tt.given, got, tt.want)
		}
	}
}

func TestInitialValuesStandInTheState(t *testing.T) {
	t.Parallel()
	var blocks []any
	if err := json.Unmarshal([]byte(`[{"type":"section","block_id":"s","accessory":{"type":"datepicker","action_id":"d","initial_date":"2026-11-22"}},
		{"type":"input","block_id":"i","element":{"type":"plain_text_input","action_id":"t","initial_value":"x"}},
		{"type":"actions","block_id":"a","elements":[{"type":"button","action_id":"b"},{"type":"checkboxes","action_id":"c"}]},
		{"type":"divider","block_id":"x"}]`), &blocks); err != nil {
		t.Fatal(err)
	}
	want := `{"a":{"c":{"selected_options":[],"type":"checkboxes"}},"i":{"t":{"type":"plain_text_input","value":"x"}},` +
		`"s":{"d":{"selected_date":"2026-11-22","type":"datepicker"}}}`
	if got := string(must(json.Marshal(stateValues(blocks, nil)))(t)); got != want {
		t.Errorf("state is %s, want %s", got, want)
	}
}
