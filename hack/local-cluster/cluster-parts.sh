# shellcheck shell=bash
# The parts of a cluster; sourced by cluster.sh. A cluster lives in namespaces of its own (mounts, network, processes), held
# by one process, the keeper. When the keeper ends, the kernel ends everything in them: whatever state a cluster
# is in, ending its keeper takes it away.

NAME=aimass
CACHE=${AIMASS_CACHE:-$HOME/.cache/aimass}
CLUSTERS=$CACHE/clusters
BIN=$CACHE/bin
NODE=local
PAUSE=localhost/aimass/pause:1
export PATH=$BIN:$PATH:/usr/sbin:/sbin
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

say() { printf '%s\n' "$*" >&2; }
fail() { say "cluster.sh: $*"; exit 1; }

choose_names() {
  [[ $NAME =~ ^[a-z0-9-]{1,30}$ ]] || fail "--name must be 1 to 30 of a-z, 0-9 and -; got \"$NAME\""
  DIR=$CLUSTERS/$NAME
  PKI=$DIR/pki SOCKET=$DIR/containerd.sock CGROUP=aimass-$NAME
  export KUBECONFIG=$DIR/kubeconfig
  choose_addresses "$(cat "$DIR/index" 2> /dev/null || echo 0)"
  KEEPER=$(keeper_pid)
}
choose_addresses() { # index: the 10.88.INDEX.0/30 network of the cluster, and its slices of the pod and service ranges
  INDEX=$1
  local high=$((INDEX / 16)) low=$((INDEX % 16 * 16))
  LINK=aimass$INDEX HOST_IP=10.88.$INDEX.1 NODE_IP=10.88.$INDEX.2
  SERVICE_CIDR=10.$((96 + high)).$low.0/20 SERVICE_IP=10.$((96 + high)).$low.1
  POD_CIDR=10.$((112 + high)).$low.0/20
}

require_tools() {
  local program
  [ "$(id -u)" = 0 ] || fail "a cluster with real pods needs root. Without root: node hack/local-cluster/control-plane.ts"
  "$HERE/packages.sh" cluster images
  for program in etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl coredns metrics-server; do
    [ -x "$BIN/$program" ] || fail "$BIN/$program is missing. Build the programs first: hack/local-cluster/build.sh"
  done
}

# The keeper is found by its command line, so that it is found even if its files were deleted.
keeper_pid() { pgrep -f "^bash $DIR/keeper( |\$)" | head -n 1 || true; }
inside() { nsenter -t "$KEEPER" -m -n -p -- "$@"; }
start() { # name command...: in the cluster's namespaces, in the background, with its log
  local name=$1; shift
  setsid nsenter -t "$KEEPER" -m -n -p -- "$@" > "$DIR/log/$name.log" 2>&1 < /dev/null 8>&- &
  echo $! > "$DIR/pid/$name"
}
is_running() { # name
  local pid; pid=$(cat "$DIR/pid/$1" 2> /dev/null) || return 1
  grep -qz nsenter "/proc/$pid/cmdline" 2> /dev/null
}
wait_for() { # seconds what command...
  local deadline=$((SECONDS + $1)) what=$2; shift 2
  until "$@" > /dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || fail "waited too long for $what; logs are in $DIR/log"
    sleep .1
  done
}
node_is_ready() { kubectl get node "$NODE" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' | grep -qx True; }
is_whole() {
  local file
  [ -n "$KEEPER" ] && [ -f "$DIR/complete" ] || return 1
  for file in "$DIR"/pid/*; do is_running "${file##*/}" || return 1; done
  kubectl get --raw=/readyz > /dev/null 2>&1 && node_is_ready
}
snapshotter() { # overlayfs cannot lie on overlayfs, as inside a container
  if [ "$(stat -f -c %T "$DIR")" = overlayfs ]; then echo native; else echo overlayfs; fi
}

# --- the sandbox -------------------------------------------------------------------------------------------------
free_index() {
  local index used
  used=$(cat "$CLUSTERS"/*/index 2> /dev/null; ip -o -4 addr | sed -nE 's/.*inet 10\.88\.([0-9]+)\..*/\1/p')
  for index in $(seq 0 255); do grep -qx "$index" <<< "$used" || { echo "$index"; return; }; done
  fail "256 clusters are up"
}
open_sandbox() {
  mkdir -p "$DIR"/{log,pid,pki,cni,kubelet,pods,containers,volumes,netns,cni-data,run-containerd,sysctl}
  exec 7> "$CLUSTERS/.index.lock"; flock 7
  choose_addresses "$(free_index)"
  echo "$INDEX" > "$DIR/index"
  modprobe -qa overlay br_netfilter 2> /dev/null || true
  write_keeper
  setsid unshare --mount --net --pid --fork --mount-proc --kill-child bash "$DIR/keeper" \
    > "$DIR/log/keeper.log" 2>&1 < /dev/null 7>&- 8>&- &
  wait_for 10 "the namespaces" test -e "$DIR/open"
  KEEPER=$(keeper_pid)
  # For `nsenter --net=/run/netns/aimass-NAME`: a link is enough, and nothing has to be unmounted later.
  mkdir -p /run/netns
  ln -sfn "/proc/$KEEPER/ns/net" "/run/netns/$CGROUP"
  ip link add "$LINK" type veth peer name eth0 netns "/proc/$KEEPER/ns/net"
  ip addr add "$HOST_IP/30" dev "$LINK"
  ip link set "$LINK" up
  inside bash -ec "ip link set lo up; ip addr add $NODE_IP/30 dev eth0; ip link set eth0 up; ip route add default via $HOST_IP
    sysctl -qw net.ipv4.ip_forward=1; sysctl -qw net.bridge.bridge-nf-call-iptables=1 2> /dev/null || true"
  # Services and pods can be reached from this machine.
  ip route replace "$SERVICE_CIDR" via "$NODE_IP"
  ip route replace "$POD_CIDR" via "$NODE_IP"
  flock -u 7
  make_cgroups
}
write_keeper() {
  # Some paths are fixed in the programs: each cluster gets its own behind them. The kubelet sets these sysctls for the
  # whole machine; here it finds them set already and leaves the machine's alone.
  cat > "$DIR/keeper" << KEEPER
mount --make-rshared /
own() { mkdir -p "\$2" && mount --bind "$DIR/\$1" "\$2"; }
own kubelet /var/lib/kubelet
own pods /var/log/pods
own containers /var/log/containers
own cni-data /var/lib/cni
own run-containerd /run/containerd
own netns /run/netns
own volumes /tmp/hostpath_pv
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
  kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
  file=$DIR/sysctl/\${setting//\//.}
  echo "\${setting#*=}" > "\$file"
  mount --bind "\$file" "/proc/sys/\${setting%=*}" || true
done
touch "$DIR/open"
# The volumes that the controller manager makes are root's alone; pods are not root. Polled with builtins only.
exec 3<> <(:)
declare -A opened
while :; do
  for volume in /tmp/hostpath_pv/*; do
    [ -z "\${opened[\$volume]:-}" ] && [ -d "\$volume" ] && chmod 0777 "\$volume" && opened[\$volume]=yes
  done
  read -r -t .1 -u 3 || true
done
KEEPER
}
cgroup_roots() { # the folder of this cluster in every cgroup hierarchy that there is
  awk -v name="/$CGROUP" '$3 ~ /^cgroup2?$/ { print $2 name }' /proc/mounts
}
make_cgroups() {
  local folder parent controller
  for folder in $(cgroup_roots); do
    parent=${folder%/*}
    if [ -f "$parent/cgroup.subtree_control" ]; then
      for controller in cpu memory pids cpuset io hugetlb; do
        echo "+$controller" > "$parent/cgroup.subtree_control" 2> /dev/null || true
      done
    fi
    mkdir -p "$folder"
    for controller in cpuset.cpus cpuset.mems; do # empty at first on cgroup v1
      [ ! -f "$parent/$controller" ] || [ -f "$parent/cgroup.controllers" ] || cat "$parent/$controller" > "$folder/$controller"
    done
  done
}
remove_cluster() {
  local pid folder attempt
  # The keeper first: with it the kernel ends every process in its namespaces, also those that hang.
  for pid in $(pgrep -f "^(unshare .* )?bash $DIR/keeper( |\$)"); do kill -9 "$pid" 2> /dev/null || true; done
  for attempt in $(seq 100); do pgrep -f "$DIR/" > /dev/null || break; sleep .1; done
  # Goes with the namespace, but later; and without the index it might be the link of another cluster.
  [ ! -f "$DIR/index" ] || ip link del "$LINK" 2> /dev/null || true
  for folder in $(cgroup_roots); do
    for attempt in $(seq 50); do
      [ -d "$folder" ] || break
      find "$folder" -depth -type d -exec rmdir {} + 2> /dev/null || sleep .1
    done
  done
  rm -rf "$DIR"
  rm -f "/run/netns/$CGROUP"
  # Mount points that exist for us alone. Removing one would detach what another cluster has mounted there.
  exec 7> "$CLUSTERS/.index.lock"; flock 7
  pgrep -f '^bash .*/clusters/[a-z0-9-]+/keeper$' > /dev/null ||
    rmdir /tmp/hostpath_pv /var/lib/kubelet /var/log/pods /var/log/containers /run/netns 2> /dev/null || true
  exec 7>&-
}

# --- identities --------------------------------------------------------------------------------------------------
new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2> /dev/null; }
certificate() { # name subject [subjectAltName]
  new_key "$PKI/$1.key"
  openssl req -new -key "$PKI/$1.key" -subj "$2" -out "$PKI/$1.csr"
  openssl x509 -req -in "$PKI/$1.csr" -CA "$PKI/ca.crt" -CAkey "$PKI/ca.key" -CAcreateserial -days 3650 -out "$PKI/$1.crt" \
    ${3:+-extfile <(printf 'subjectAltName=%s' "$3")} 2> /dev/null
}
write_kubeconfig() { # certificate file
  cat > "$2" << J
{"apiVersion": "v1", "kind": "Config", "current-context": "$CGROUP",
 "contexts": [{"name": "$CGROUP", "context": {"cluster": "$CGROUP", "user": "$CGROUP-$1"}}],
 "clusters": [{"name": "$CGROUP", "cluster": {"server": "https://$NODE_IP:6443", "certificate-authority-data": "$(base64 -w0 "$PKI/ca.crt")"}}],
 "users": [{"name": "$CGROUP-$1", "user": {"client-certificate-data": "$(base64 -w0 "$PKI/$1.crt")", "client-key-data": "$(base64 -w0 "$PKI/$1.key")"}}]}
J
  chmod 600 "$2"
}
make_identities() {
  local user
  new_key "$PKI/ca.key"
  openssl req -x509 -new -key "$PKI/ca.key" -days 3650 -subj "/CN=$CGROUP" -out "$PKI/ca.crt"
  certificate apiserver /CN=kube-apiserver \
    "DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:127.0.0.1,IP:$SERVICE_IP,IP:$NODE_IP"
  certificate kubelet-server "/CN=$NODE" "DNS:$NODE,IP:$NODE_IP"
  certificate metrics-server /CN=metrics-server DNS:metrics-server.kube-system.svc
  certificate admin /O=system:masters/CN=admin
  certificate kubelet "/O=system:nodes/CN=system:node:$NODE"
  certificate controller-manager /CN=system:kube-controller-manager
  certificate scheduler /CN=system:kube-scheduler
  certificate proxy /CN=system:kube-proxy
  new_key "$PKI/service-account.key"
  openssl pkey -in "$PKI/service-account.key" -pubout -out "$PKI/service-account.pub"
  for user in admin kubelet controller-manager scheduler proxy; do write_kubeconfig "$user" "$DIR/$user.conf"; done
  cp "$DIR/admin.conf" "$KUBECONFIG"
}

# --- control plane -----------------------------------------------------------------------------------------------
start_control_plane() { # [--audit]
  local audit=()
  if [ "${1:-}" = --audit ]; then
    printf 'apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n' > "$DIR/audit-policy.yaml"
    audit=(--audit-log-path="$DIR/log/audit.log" --audit-policy-file="$DIR/audit-policy.yaml" --audit-log-maxsize=500)
  fi
  start etcd etcd --data-dir "$DIR/etcd" --unsafe-no-fsync \
    --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 --listen-peer-urls http://127.0.0.1:2380
  start apiserver kube-apiserver --etcd-servers=http://127.0.0.1:2379 --advertise-address="$NODE_IP" \
    --tls-cert-file="$PKI/apiserver.crt" --tls-private-key-file="$PKI/apiserver.key" --client-ca-file="$PKI/ca.crt" \
    --service-account-key-file="$PKI/service-account.pub" --service-account-signing-key-file="$PKI/service-account.key" \
    --service-account-issuer=https://kubernetes.default.svc.cluster.local --service-cluster-ip-range="$SERVICE_CIDR" \
    --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --allow-privileged=true \
    --kubelet-client-certificate="$PKI/admin.crt" --kubelet-client-key="$PKI/admin.key" --kubelet-preferred-address-types=InternalIP \
    --enable-aggregator-routing=true --proxy-client-cert-file="$PKI/admin.crt" --proxy-client-key-file="$PKI/admin.key" \
    --requestheader-client-ca-file="$PKI/ca.crt" --requestheader-username-headers=X-Remote-User \
    --requestheader-group-headers=X-Remote-Group --requestheader-extra-headers-prefix=X-Remote-Extra- "${audit[@]}"
}
start_controllers() {
  start controller-manager kube-controller-manager --kubeconfig="$DIR/controller-manager.conf" --leader-elect=false \
    --service-account-private-key-file="$PKI/service-account.key" --root-ca-file="$PKI/ca.crt" --use-service-account-credentials=true \
    --cluster-signing-cert-file="$PKI/ca.crt" --cluster-signing-key-file="$PKI/ca.key" \
    --enable-hostpath-provisioner=true --horizontal-pod-autoscaler-sync-period=5s
  start scheduler kube-scheduler --kubeconfig="$DIR/scheduler.conf" --leader-elect=false
}

# --- node --------------------------------------------------------------------------------------------------------
start_containerd() {
  # restrict_oom_score_adj: where the machine forbids lowering it, runc would fail to start any pod at all.
  cat > "$DIR/containerd.toml" << J
version = 2
root = "$DIR/containerd"
state = "$DIR/containerd-state"
[grpc]
address = "$SOCKET"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "$PAUSE"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "$(snapshotter)"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "$DIR/cni"
J
  cat > "$DIR/cni/10-bridge.conflist" << J
{"cniVersion": "0.4.0", "name": "bridge", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "$POD_CIDR"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
J
  start containerd containerd --config "$DIR/containerd.toml"
  make_pause_image
  wait_for 30 containerd inside ctr -a "$SOCKET" version
  load "$CACHE/images/pause.tar"
}
make_pause_image() { # the program that holds a pod's namespaces open
  local archive=$CACHE/images/pause.tar dir
  [ -f "$archive" ] && return
  dir=$(mktemp -d)
  printf '%s\n' 'package main' '' 'import (' '"os"' '"os/signal"' '"syscall"' ')' '' 'func main() {' 'end := make(chan os.Signal, 1)' \
    'signal.Notify(end, syscall.SIGINT, syscall.SIGTERM)' '<-end' '}' > "$dir/main.go"
  (cd "$dir" && CGO_ENABLED=0 go build -ldflags '-s -w' -o pause main.go)
  printf 'FROM scratch\nCOPY pause /pause\nUSER 65535:65535\nENTRYPOINT ["/pause"]\n' > "$dir/Containerfile"
  mkdir -p "$CACHE/images"
  buildah --storage-driver vfs build --isolation chroot -q -f "$dir/Containerfile" -t "$PAUSE" "$dir" > /dev/null
  buildah --storage-driver vfs push -q "$PAUSE" "oci-archive:$archive.part:$PAUSE"
  mv "$archive.part" "$archive"
  rm -rf "$dir"
}
start_node() {
  cat > "$DIR/kubelet.yaml" << J
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $PKI/ca.crt}}
authorization: {mode: Webhook}
cgroupDriver: cgroupfs
cgroupRoot: /$CGROUP
clusterDNS: [$NODE_IP]
clusterDomain: cluster.local
containerRuntimeEndpoint: unix://$SOCKET
failSwapOn: false
resolvConf: ""
serializeImagePulls: false
tlsCertFile: $PKI/kubelet-server.crt
tlsPrivateKeyFile: $PKI/kubelet-server.key
imageGCHighThresholdPercent: 100
evictionHard: {nodefs.available: "1%", imagefs.available: "1%", memory.available: "100Mi"}
J
  start kubelet kubelet --config="$DIR/kubelet.yaml" --kubeconfig="$DIR/kubelet.conf" --hostname-override="$NODE" --node-ip="$NODE_IP"
  start proxy kube-proxy --kubeconfig="$DIR/proxy.conf" --proxy-mode=iptables --cluster-cidr="$POD_CIDR" \
    --hostname-override="$NODE" --conntrack-max-per-core=0
}

# --- what every pod may count on ---------------------------------------------------------------------------------
install_addons() {
  cat > "$DIR/Corefile" << J
.:53 {
  bind $NODE_IP
  errors
  kubernetes cluster.local in-addr.arpa {
    kubeconfig $DIR/admin.conf
  }
  cache 5
}
J
  start coredns coredns -conf "$DIR/Corefile"
  # metrics-server refuses a resolution that is not larger than its request timeout.
  start metrics-server metrics-server --kubeconfig="$DIR/admin.conf" --authentication-kubeconfig="$DIR/admin.conf" \
    --authorization-kubeconfig="$DIR/admin.conf" --secure-port=4443 --tls-cert-file="$PKI/metrics-server.crt" \
    --tls-private-key-file="$PKI/metrics-server.key" --kubelet-certificate-authority="$PKI/ca.crt" \
    --metric-resolution=10s --kubelet-request-timeout=5s --kubelet-preferred-address-types=InternalIP
  kubectl apply --server-side -f - > /dev/null << J
apiVersion: v1
kind: Service
metadata: {name: metrics-server, namespace: kube-system}
spec: {ports: [{port: 443, targetPort: 4443}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: metrics-server, namespace: kube-system, labels: {kubernetes.io/service-name: metrics-server}}
addressType: IPv4
ports: [{port: 4443}]
endpoints: [{addresses: [$NODE_IP], conditions: {ready: true}}]
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.metrics.k8s.io}
spec:
  group: metrics.k8s.io
  version: v1beta1
  service: {name: metrics-server, namespace: kube-system}
  caBundle: $(base64 -w0 "$PKI/ca.crt")
  groupPriorityMinimum: 100
  versionPriority: 100
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: standard, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
provisioner: kubernetes.io/host-path
J
}
