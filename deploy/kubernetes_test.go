package deploy

import (
	"path"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"
)

// manifests are what is in kubernetes.yaml, read by Kubernetes' own types.
func manifests(t *testing.T) (config corev1.ConfigMap, deployment appsv1.Deployment, budget policyv1.PodDisruptionBudget) {
	t.Helper()
	into := map[string]any{"v1/ConfigMap": &config, "apps/v1/Deployment": &deployment, "policy/v1/PodDisruptionBudget": &budget}
	for doc := range strings.SplitSeq(read(t, "kubernetes.yaml"), "\n---\n") {
		var kind metav1.TypeMeta
		if err := yaml.Unmarshal([]byte(doc), &kind); err != nil {
			t.Fatal(err)
		}
		name := kind.APIVersion + "/" + kind.Kind
		if into[name] == nil {
			t.Fatalf("there is a %s too many", name)
		}
		if err := strictYAML(doc, into[name]); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		delete(into, name)
	}
	for name := range into {
		t.Fatalf("there is no %s", name)
	}
	return config, deployment, budget
}

// container is the only one of the pod.
func container(t *testing.T, d appsv1.Deployment) corev1.Container {
	t.Helper()
	spec := d.Spec.Template.Spec
	if len(spec.Containers) != 1 || len(spec.InitContainers) != 0 {
		t.Fatalf("containers %+v", spec.Containers)
	}
	return spec.Containers[0]
}

func TestKubernetesSettings(t *testing.T) {
	t.Parallel()
	config, d, _ := manifests(t)
	c := container(t, d)
	checkVariables(t, "the ConfigMap", config.Data)
	vars := map[string]string{}
	for _, e := range c.Env {
		if e.ValueFrom != nil {
			t.Errorf("%s is taken from a %+v: secrets are files", e.Name, e.ValueFrom)
		}
		vars[e.Name] = e.Value
	}
	checkVariables(t, "the container", vars)
	if len(c.EnvFrom) != 1 || c.EnvFrom[0].SecretRef != nil || c.EnvFrom[0].ConfigMapRef == nil || c.EnvFrom[0].ConfigMapRef.Name != config.Name {
		t.Errorf("envFrom %+v, want the ConfigMap alone", c.EnvFrom)
	}
	mounts := map[string]string{}
	for _, m := range c.VolumeMounts {
		if !m.ReadOnly {
			t.Errorf("%s can be written to", m.MountPath)
		}
		mounts[m.MountPath] = m.Name
	}
	secrets := map[string]bool{}
	for _, v := range d.Spec.Template.Spec.Volumes {
		secrets[v.Name] = v.Secret != nil
	}
	for _, name := range []string{"SLACK_BOT_TOKEN_FILE", "SLACK_APP_TOKEN_FILE", "AZURE_CLIENT_CERTIFICATE_PATH", "MAILBACK_DATABASE_URL_FILE"} {
		if !secrets[mounts[path.Dir(vars[name])]] {
			t.Errorf("%s=%s is in no secret that is mounted", name, vars[name])
		}
		if key := path.Base(vars[name]); !strings.Contains(read(t, "kubernetes.yaml"), "--from-file="+key) {
			t.Errorf("nothing says how the secret gets its %s", key)
		}
	}
}

func TestKubernetesReplicas(t *testing.T) {
	t.Parallel()
	config, d, budget := manifests(t)
	if d.Spec.Replicas == nil || *d.Spec.Replicas != 3 {
		t.Fatalf("replicas %v", d.Spec.Replicas)
	}
	rolling := d.Spec.Strategy.RollingUpdate
	if rolling == nil || rolling.MaxSurge == nil || rolling.MaxUnavailable == nil || rolling.MaxUnavailable.IntValue() != 0 {
		t.Fatalf("strategy %+v", d.Spec.Strategy)
	}
	const sockets, most = 2, 10 // of a process, and of an app (docs.slack.dev/apis/events-api/using-socket-mode)
	if n := (int(*d.Spec.Replicas) + rolling.MaxSurge.IntValue()) * sockets; n > most {
		t.Errorf("%d sockets while a version is rolled out, and Slack gives an app %d", n, most)
	}
	pods := d.Spec.Template.Labels
	for what, selector := range map[string]*metav1.LabelSelector{"deployment": d.Spec.Selector, "budget": budget.Spec.Selector} {
		s, err := metav1.LabelSelectorAsSelector(selector)
		if err != nil || s.Empty() || !s.Matches(labels.Set(pods)) {
			t.Errorf("the %s selects %v, %v, and the pods have %v", what, s, err, pods)
		}
	}
	if least := budget.Spec.MinAvailable; least == nil || least.IntValue() < 1 || least.IntValue() >= int(*d.Spec.Replicas) {
		t.Errorf("minAvailable %v of %d", least, *d.Spec.Replicas)
	}
	if spread := d.Spec.Template.Spec.TopologySpreadConstraints; len(spread) == 0 || spread[0].TopologyKey != corev1.LabelHostname {
		t.Errorf("spread %+v", spread)
	}
	stop, err := time.ParseDuration(config.Data["MAILBACK_STOP_TIMEOUT"])
	if grace := d.Spec.Template.Spec.TerminationGracePeriodSeconds; err != nil || grace == nil || time.Duration(*grace)*time.Second <= stop {
		t.Errorf("terminationGracePeriodSeconds %v, and Mailback takes up to %v to stop (%v)", grace, stop, err)
	}
}

func TestKubernetesProbes(t *testing.T) {
	t.Parallel()
	_, d, _ := manifests(t)
	c := container(t, d)
	served := literals(t, "../cmd/mailback", func(s string) bool { return strings.HasPrefix(s, "GET /") })
	for want, probe := range map[string]*corev1.Probe{"/healthz": c.LivenessProbe, "/readyz": c.ReadinessProbe} {
		if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Path != want || probe.HTTPGet.Port.StrVal != c.Ports[0].Name {
			t.Errorf("probe %+v, want %s", probe, want)
		}
		if !strings.Contains(strings.Join(served, "\n"), "GET "+want) {
			t.Errorf("%s is not among %q", want, served)
		}
	}
	if c.StartupProbe == nil || c.StartupProbe.HTTPGet == nil || c.StartupProbe.HTTPGet.Path != "/healthz" {
		t.Errorf("startup probe %+v: a database that is brought up to date would be killed for it", c.StartupProbe)
	}
	for _, e := range c.Env {
		if e.Name == "MAILBACK_LISTEN" && e.Value != ":9090" {
			t.Errorf("%s=%s, and the probes go to %d of the pod's address", e.Name, e.Value, c.Ports[0].ContainerPort)
		}
	}
	if c.Ports[0].ContainerPort != 9090 {
		t.Errorf("port %d", c.Ports[0].ContainerPort)
	}
}

func TestKubernetesSecurity(t *testing.T) {
	t.Parallel()
	_, d, _ := manifests(t)
	spec, c := d.Spec.Template.Spec, container(t, d)
	pod, own := spec.SecurityContext, c.SecurityContext
	if pod == nil || own == nil {
		t.Fatal("no securityContext")
	}
	yes := func(b *bool) bool { return b != nil && *b }
	for what, ok := range map[string]bool{
		"runs as a user who is not root":         yes(pod.RunAsNonRoot) && pod.RunAsUser != nil && *pod.RunAsUser > 0,
		"has the seccomp profile RuntimeDefault": pod.SeccompProfile != nil && pod.SeccompProfile.Type == corev1.SeccompProfileTypeRuntimeDefault,
		"writes to no root file system":          yes(own.ReadOnlyRootFilesystem),
		"gets no more privileges":                own.AllowPrivilegeEscalation != nil && !*own.AllowPrivilegeEscalation,
		"has no capabilities": own.Capabilities != nil && len(own.Capabilities.Add) == 0 &&
			len(own.Capabilities.Drop) == 1 && own.Capabilities.Drop[0] == "ALL",
		"has no token of the cluster": spec.AutomountServiceAccountToken != nil && !*spec.AutomountServiceAccountToken,
		"asks for memory and has a limit": !c.Resources.Requests.Memory().IsZero() && !c.Resources.Limits.Memory().IsZero() &&
			!c.Resources.Requests.Cpu().IsZero(),
		"shares nothing with its machine": !spec.HostNetwork && !spec.HostPID && !spec.HostIPC,
	} {
		if !ok {
			t.Errorf("not so: the pod %s", what)
		}
	}
	for _, v := range spec.Volumes {
		if v.Secret == nil || v.Secret.DefaultMode == nil || *v.Secret.DefaultMode&0o007 != 0 {
			t.Errorf("volume %s: %+v, want a secret that others cannot read", v.Name, v.VolumeSource)
		}
	}
}
