/** The same for the fields of an ExternalService. */
export const EXTERNAL_FIELDS: Readonly<Record<string, readonly string[]>> = {
  "ExternalService.hosts[]": [
    "config.route.v3.VirtualHost.domains",
    "config.listener.v3.FilterChainMatch.server_names",
    "config.cluster.v3.Cluster.load_assignment",
  ],
  "ExternalService.ports[].port": ["config.route.v3.RouteConfiguration.name", "config.listener.v3.Listener.address"],
  "ExternalService.ports[].name": [],
  "ExternalService.ports[].protocol": [
    "config.cluster.v3.Cluster.typed_extension_protocol_options",
    "config.listener.v3.Listener.filter_chains",
  ],
  "ExternalService.ports[].targetPort": ["config.core.v3.SocketAddress.port_value"],
  "ExternalService.resolution": ["config.cluster.v3.Cluster.type"],
  "ExternalService.endpoints[]": ["config.core.v3.SocketAddress.address"],
  "ExternalService.tls.mode": ["config.cluster.v3.Cluster.transport_socket"],
  "ExternalService.tls.sni": [
    "extensions.transport_sockets.tls.v3.UpstreamTlsContext.sni",
    "config.core.v3.UpstreamHttpProtocolOptions.auto_sni",
  ],
  "ExternalService.tls.caCertificate": ["extensions.transport_sockets.tls.v3.CertificateValidationContext.trusted_ca"],
  "ExternalService.tls.subjectAltNames[]": [
    "extensions.transport_sockets.tls.v3.CertificateValidationContext.match_typed_subject_alt_names",
    "config.core.v3.UpstreamHttpProtocolOptions.auto_san_validation",
  ],
};
