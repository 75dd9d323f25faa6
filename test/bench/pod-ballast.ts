/**
 * What an API server says of a pod besides what a mesh wants to know: some 5 KB of JSON, so that reading pods costs the benchmark
 * what it costs in a cluster.
 */
const VARIABLES = 12;
const CONDITIONS = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];
const SINCE = "2026-01-01T00:00:00Z";

export function podBallast(i: number) {
  const uid = `00000000-0000-4000-8000-${String(i).padStart(12, "0")}`;
  const image = "registry.example/team/application:2026.01.01-0123456789abcdef";
  const environment = Array.from({ length: VARIABLES }, (_, k) => ({
    name: `APPLICATION_SETTING_${k}`,
    value: `https://settings.default.svc.cluster.local:8443/v1/settings/${k}`,
  }));
  const probe = { httpGet: { path: "/healthz", port: 8080, scheme: "HTTP" }, periodSeconds: 10, timeoutSeconds: 1 };
  const resources = { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "256Mi" } };
  const mount = { name: "token", mountPath: "/var/run/secrets/kubernetes.io/serviceaccount", readOnly: true };
  const projected = { sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: "token" } }] };
  return {
    metadata: {
      uid,
      generateName: "pod-",
      annotations: { "prometheus.io/scrape": "true", "prometheus.io/port": "9090", checksum: uid.repeat(2) },
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "ReplicaSet", name: "replicas-0123456789", uid, controller: true },
      ],
      managedFields: [manager("kube-controller-manager"), manager("kubelet")],
    },
    spec: {
      container: {
        image,
        env: environment,
        resources,
        livenessProbe: probe,
        readinessProbe: probe,
        volumeMounts: [mount],
        imagePullPolicy: "IfNotPresent",
        terminationMessagePath: "/dev/termination-log",
      },
      volumes: [{ name: "token", projected }],
      restartPolicy: "Always",
      dnsPolicy: "ClusterFirst",
      schedulerName: "default-scheduler",
      tolerations: [{ key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute" }],
    },
    status: {
      hostIP: "192.0.2.1",
      startTime: SINCE,
      qosClass: "Burstable",
      containerStatuses: [
        { name: "app", ready: true, started: true, restartCount: 0, image, imageID: image, containerID: uid },
      ],
    },
  };
}

function manager(name: string): unknown {
  const fields = CONDITIONS.map((type) => [
    `k:{"type":"${type}"}`,
    { ".": {}, "f:lastProbeTime": {}, "f:lastTransitionTime": {}, "f:status": {}, "f:type": {} },
  ]);
  return {
    manager: name,
    operation: "Update",
    apiVersion: "v1",
    time: SINCE,
    fieldsType: "FieldsV1",
    fieldsV1: { "f:status": { "f:conditions": Object.fromEntries(fields) as unknown, "f:podIP": {}, "f:phase": {} } },
  };
}
