package check

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// Expected is what a file says that both engines must find.
type Expected struct {
	Kstatus string `json:"kstatus"`
	Argo    string `json:"argo"`
}

// Recorded is one object at one moment of its life.
type Recorded struct {
	// Name is the file, with the number of the document in it.
	Name string
	// Expect is nil for recordings of the real operator: of those only the invariants are known.
	Expect *Expected
	Object *unstructured.Unstructured
}

// Load reads every YAML and JSON file below folder. A document is an object as kubectl prints it, a list of them, or
// `expect` and `object` side by side. Objects of other API groups are passed over.
func Load(folder string) ([]Recorded, error) {
	var all []Recorded
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !isManifest(path) {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		found, err := parse(name, text)
		all = append(all, found...)
		return err
	})
	sort.SliceStable(all, func(a, b int) bool { return all[a].Name < all[b].Name })
	return all, err
}

func isManifest(path string) bool {
	switch filepath.Ext(path) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return false
}

func parse(name string, text []byte) ([]Recorded, error) {
	var found []Recorded
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for number := 1; ; number++ {
		document := map[string]any{}
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return found, fmt.Errorf("reading document %d of %s: %w", number, name, err)
		}
		found = append(found, objects(fmt.Sprintf("%s#%d", name, number), document)...)
	}
}

func objects(name string, document map[string]any) []Recorded {
	if object, ok := document["object"].(map[string]any); ok {
		expect, _ := document["expect"].(map[string]any)
		kstatus, _ := expect["kstatus"].(string)
		argo, _ := expect["argo"].(string)
		return []Recorded{{Name: name, Expect: &Expected{Kstatus: kstatus, Argo: argo}, Object: integers(object)}}
	}
	if items, ok := document["items"].([]any); ok {
		var found []Recorded
		for index, item := range items {
			if object, ok := item.(map[string]any); ok {
				found = append(found, objects(fmt.Sprintf("%s[%d]", name, index), object)...)
			}
		}
		return found
	}
	if version, _ := document["apiVersion"].(string); !strings.HasPrefix(version, "aimass.dev/") {
		return nil
	}
	return []Recorded{{Name: name, Object: integers(document)}}
}

// integers turns whole floats into int64, the form in which both engines get numbers from an API server.
func integers(object map[string]any) *unstructured.Unstructured {
	text, err := (&unstructured.Unstructured{Object: object}).MarshalJSON()
	if err != nil {
		panic(fmt.Errorf("an object that was just decoded does not encode: %w", err))
	}
	whole := &unstructured.Unstructured{}
	if err := whole.UnmarshalJSON(text); err != nil {
		panic(fmt.Errorf("an object that was just encoded does not decode: %w", err))
	}
	return whole
}
