# Varnish in front of toggled. It does not do TLS; something before it does.
#
#     varnishd -f varnish.vcl -a :6081 -s malloc,16m -p thread_pool_max=5000
#
# Left to itself Varnish makes one of requests that are equal: the second one waits
# until the first has its answer, and of three polls two are told nothing. So all of
# them are passed on. It caches nothing of toggled, whose answers are `no-store`.
#
# Each waiting client holds one of its threads: thread_pools (2) × thread_pool_max.

vcl 4.1;

backend toggled {
	.host = "127.0.0.1";
	.port = "8016";
	.connect_timeout = 2s;
	# Longer than the longest wait, which is 60 s; event streams say something
	# every 25 s.
	.first_byte_timeout = 90s;
	.between_bytes_timeout = 60s;
}

sub vcl_recv {
	# /metrics is for the operators' network, who ask toggled itself.
	if (req.url !~ "^/(v1|ofrep|healthz|readyz|version|openapi\.yaml)([/?]|$)") {
		return (synth(403));
	}
	return (pass);
}
